'use strict';
/** What the scripts of all reports share: figures as text, cards with plots, axes. */
const page = (() => {
  const report = JSON.parse(document.getElementById('report').textContent);
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const charts = [];

  // Three significant digits, as in the text form.
  const digits = v => {
    const size = Math.abs(v);
    return size === 0 ? '0' : size >= 99.95 ? v.toFixed(0) : size >= 9.995 ? v.toFixed(1) : size >= 0.0995 ? v.toFixed(2) : v.toFixed(Math.min(9, 1 - Math.floor(Math.log10(size))));
  };
  function scaled(value, step, units, gap) {
    let unit = 0;
    while (unit < units.length - 1 && Math.abs(value) >= step - 0.5) { value /= step; unit++; }
    return digits(value) + (units[unit] ? gap + units[unit] : '');
  }
  const count = v => scaled(v, 1000, ['', 'k', 'M', 'G'], '');
  const nanos = v => scaled(v, 1000, ['ns', 'µs', 'ms', 's'], ' ');
  const bytes = v => scaled(v, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'], ' ');
  const tick = (value, form) => form(value).replace(/\.0+(?=\D|$)/, '');
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function element(parent, name, text, className) {
    const e = document.createElement(name);
    if (text !== undefined && text !== null) e.textContent = text;
    if (className) e.className = className;
    parent.append(e);
    return e;
  }

  /** A card with a caption and a canvas; chart() gives the configuration in the colours of now. */
  function plot(parent, title, subtitle, height, label, chart) {
    const figure = element(parent, 'figure');
    const caption = element(figure, 'figcaption', title);
    element(caption, 'small', subtitle);
    if (chart) {
      const box = element(figure, 'div', null, 'canvas');
      box.style.height = height + 'px';
      const canvas = element(box, 'canvas');
      canvas.setAttribute('role', 'img');
      canvas.setAttribute('aria-label', label);
      charts.push({canvas, chart, live: null});
    }
    return figure;
  }
  function draw() {
    for (const c of charts) {
      if (c.live) c.live.destroy();
      c.live = new Chart(c.canvas, c.chart());
    }
  }
  /** Why some have no plot: one line for each reason. */
  function listMissing(figure, missing) {
    if (!missing.length) return;
    const list = element(figure, 'ul', null, 'missing');
    const byReason = new Map();
    for (const m of missing) byReason.set(m.reason, [...(byReason.get(m.reason) || []), m]);
    for (const [reason, same] of byReason) {
      element(list, 'li', same.map(m => m.name).join(', ') + ': ' + reason, same[0].failed ? 'failed' : '');
    }
  }
  const section = name => document.querySelector('[data-plots=' + name + ']');

  /** Black or white, whichever can be read on a colour given as #rrggbb. */
  function inkOn(colour) {
    const [r, g, b] = [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
    return 0.299 * r + 0.587 * g + 0.114 * b > 130 ? '#000' : '#fff';
  }

  /** Writes each bar's value behind it, or into it where no room is left, and a thin line over its range, where there is one. */
  const valueLabels = (form, ranges) => ({
    id: 'valueLabels',
    afterDatasetsDraw(chart) {
      const ctx = chart.ctx;
      const x = chart.scales.x;
      ctx.save();
      ctx.font = '12px system-ui, sans-serif';
      ctx.textBaseline = 'middle';
      chart.data.datasets.forEach((set, s) => chart.getDatasetMeta(s).data.forEach((bar, i) => {
        if (!chart.isDatasetVisible(s) || set.data[i] === null || set.data[i] === undefined) return;
        let end = bar.x;
        let start = bar.x;
        if (ranges) {
          end = Math.max(end, x.getPixelForValue(ranges[i].high));
          start = Math.min(start, x.getPixelForValue(ranges[i].low));
          ctx.strokeStyle = style('--ink');
          ctx.beginPath();
          ctx.moveTo(x.getPixelForValue(ranges[i].low), bar.y);
          ctx.lineTo(x.getPixelForValue(ranges[i].high), bar.y);
          ctx.stroke();
        }
        const text = form(set.data[i]);
        const outside = end + 6 + ctx.measureText(text).width <= chart.chartArea.right + 4;
        ctx.fillStyle = outside ? style('--ink') : inkOn(bar.options.backgroundColor);
        ctx.textAlign = outside ? 'left' : 'right';
        ctx.fillText(text, outside ? end + 5 : start - 5, bar.y);
      }));
      ctx.restore();
    }
  });

  function barOptions(form, axisTitle, legend) {
    return {
      indexAxis: 'y', maintainAspectRatio: false, animation: false,
      layout: {padding: {right: 8}},
      scales: {
        x: {beginAtZero: true, grace: '18%', title: {display: true, text: axisTitle, color: style('--soft')},
            ticks: {color: style('--soft'), maxTicksLimit: 6, callback: v => tick(v, form)}, grid: {color: style('--line')}},
        y: {ticks: {color: style('--ink'), autoSkip: false}, grid: {display: false}}
      },
      plugins: {
        legend: {display: legend, position: 'bottom', labels: {color: style('--ink'), boxWidth: 12}},
        tooltip: {callbacks: {label: c => (legend ? c.dataset.label + ': ' : '') + form(c.parsed.x) + ' ' + axisTitle}}
      }
    };
  }

  // Percentiles are spread by how many nines they have.
  const nines = p => -Math.log10(1 - Math.min(p, 99.9995) / 100);
  const ninesLabels = new Map([[0, '0 %'], [1, '90 %'], [2, '99 %'], [3, '99.9 %'], [4, '99.99 %'], [5, '99.999 %']]);

  /** Latency curves, of series with a label, a colour, dashes and points {p, nanos}; operations tells where the slowest stands. */
  const latencyChart = series => ({
    type: 'line',
    data: {datasets: series.map(s => ({
      label: s.label, borderColor: s.colour, backgroundColor: s.colour, borderDash: s.dash || [],
      borderWidth: s.dash ? 1.6 : 2, pointRadius: s.dash ? 1 : 2, stepped: 'before',
      // The slowest stands where one of so many operations stands.
      data: s.points.map(({p, nanos: n}) => ({x: p === 100 ? Math.min(5.3, Math.log10(Math.max(2, s.operations))) : nines(p), y: Math.max(1, n), p}))
    }))},
    options: {
      maintainAspectRatio: false, animation: false, interaction: {mode: 'nearest', intersect: false},
      scales: {
        x: {type: 'linear', min: 0, title: {display: true, text: 'share of operations', color: style('--soft')}, grid: {color: style('--line')},
            afterBuildTicks: a => { a.ticks = [...ninesLabels.keys()].filter(v => v <= a.max).map(value => ({value})); },
            ticks: {color: style('--soft'), callback: v => ninesLabels.get(v) || '', maxRotation: 0}},
        y: {type: 'logarithmic', title: {display: true, text: 'time', color: style('--soft')}, grid: {color: style('--line')},
            ticks: {color: style('--soft'), callback: v => Number.isInteger(Math.log10(v)) || Math.abs(Math.log10(v) % 1) < 1e-9 ? tick(v, nanos) : ''}}
      },
      plugins: {
        legend: {position: 'bottom', labels: {color: style('--ink'), boxWidth: series.some(s => s.dash) ? 24 : 12, boxHeight: series.some(s => s.dash) ? 1 : 12, font: {size: series.length > 6 ? 11 : 12}}},
        tooltip: {callbacks: {title: c => (c[0].raw.p === 100 ? 'slowest' : c[0].raw.p + ' %'), label: c => c.dataset.label + ': ' + nanos(c.parsed.y)}}
      }
    }
  });

  /** Draws all plots, hides sections that have none, and follows changes of the colour scheme. */
  function finish() {
    for (const s of document.querySelectorAll('section')) {
      const plots = s.querySelector('.plots');
      if (plots && !plots.children.length) s.hidden = true;
    }
    draw();
    dark.addEventListener('change', draw);
    // On paper colours are those of the light scheme; a canvas has to be drawn for it.
    window.addEventListener('beforeprint', draw);
    window.addEventListener('afterprint', draw);
  }
  return {report, dark, digits, count, nanos, bytes, style, element, plot, listMissing, section, valueLabels, barOptions, latencyChart, finish};
})();
