'use strict';
(() => {
  const report = JSON.parse(document.getElementById('report').textContent);
  const families = {FILE: '#0072B2', SWAP: '#E69F00', POOL: '#009E73'};
  const names = {FILE: 'file', SWAP: 'swap', POOL: 'buffer pool'};
  const familyOf = Object.fromEntries(report.contenders.map(c => [c.id, c.family]));
  // Within a family the lines differ by their dashes, so that colour alone need not tell.
  const dashes = [[], [6, 3], [2, 2], [8, 3, 2, 3], [1, 4], [12, 3], [4, 6], [3, 1]];
  const dashOf = {};
  const seen = {};
  for (const c of report.contenders) {
    seen[c.family] = seen[c.family] || 0;
    dashOf[c.id] = dashes[seen[c.family]++ % dashes.length];
  }
  const workloads = [...new Set(report.medians.map(m => m.workload))];
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const charts = [];

  const digits = v => {
    const size = Math.abs(v);
    return size === 0 ? '0' : size >= 99.95 ? v.toFixed(0) : size >= 9.995 ? v.toFixed(1) : v.toFixed(2);
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
  function plot(parent, title, subtitle, height, chart) {
    const figure = element(parent, 'figure');
    element(element(figure, 'figcaption', title), 'small', subtitle);
    const box = element(figure, 'div', null, 'canvas');
    box.style.height = height + 'px';
    const canvas = element(box, 'canvas');
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', title + ': ' + subtitle + '; the figures stand as text at the end');
    charts.push({canvas, chart, live: null});
  }
  function draw() {
    for (const c of charts) {
      if (c.live) c.live.destroy();
      c.live = new Chart(c.canvas, c.chart());
    }
  }
  const section = name => document.querySelector('[data-plots=' + name + ']');
  const rowsOf = workload => report.medians.filter(m => m.workload === workload);
  const verdictOf = workload => {
    const v = report.verdicts.find(e => e.sentence.startsWith(workload + ': '));
    return v ? v.sentence.slice(workload.length + 2) : '';
  };

  /** Writes each bar's value behind it and a thin line over the middle half of the runs. */
  const barNotes = (form, rows) => ({
    id: 'barNotes',
    afterDatasetsDraw(chart) {
      const ctx = chart.ctx;
      const x = chart.scales.x;
      ctx.save();
      ctx.font = '12px system-ui, sans-serif';
      ctx.textBaseline = 'middle';
      chart.data.datasets.forEach((set, s) => chart.getDatasetMeta(s).data.forEach((bar, i) => {
        const value = set.data[i];
        if (value === null || value === undefined) return;
        let end = bar.x;
        if (rows) {
          end = Math.max(end, x.getPixelForValue(rows[i].high));
          ctx.strokeStyle = style('--ink');
          ctx.beginPath();
          ctx.moveTo(x.getPixelForValue(rows[i].low), bar.y);
          ctx.lineTo(x.getPixelForValue(rows[i].high), bar.y);
          ctx.stroke();
        }
        ctx.fillStyle = style('--ink');
        ctx.textAlign = 'left';
        ctx.fillText(form(value), end + 5, bar.y);
      }));
      ctx.restore();
    }
  });
  function barOptions(form, title, legend) {
    return {
      indexAxis: 'y', maintainAspectRatio: false, animation: false,
      scales: {
        x: {beginAtZero: true, grace: '25%', title: {display: true, text: title, color: style('--soft')},
            ticks: {color: style('--soft'), maxTicksLimit: 6, callback: v => tick(v, form)}, grid: {color: style('--line')}},
        y: {ticks: {color: style('--ink'), autoSkip: false}, grid: {display: false}}
      },
      plugins: {
        legend: {display: legend, position: 'bottom', labels: {color: style('--ink'), boxWidth: 12}},
        tooltip: {callbacks: {label: c => (legend ? c.dataset.label + ': ' : '') + form(c.parsed.x)}}
      }
    };
  }

  function speed(workload) {
    const rows = rowsOf(workload);
    plot(section('speed'), workload, verdictOf(workload), 40 + 24 * rows.length, () => ({
      type: 'bar',
      data: {labels: rows.map(r => r.contender),
             datasets: [{data: rows.map(r => r.operationsPerSecond), backgroundColor: rows.map(r => families[familyOf[r.contender]])}]},
      options: barOptions(count, 'operations per second', false),
      plugins: [barNotes(count, rows)]
    }));
  }
  function latency(workload) {
    const rows = rowsOf(workload);
    // 1 in so many operations is slower: this spreads the tail out as the eye wants it.
    const rarity = p => 1 / (1 - p / 100);
    plot(section('latency'), workload, 'solid, dashed and dotted lines tell contenders of a family apart', 380, () => ({
      type: 'line',
      data: {datasets: rows.map(r => ({
        label: r.contender,
        data: r.curve.filter(p => p.percentile < 100 && p.nanos > 0).map(p => ({x: rarity(p.percentile), y: p.nanos})),
        borderColor: families[familyOf[r.contender]], backgroundColor: families[familyOf[r.contender]],
        borderDash: dashOf[r.contender], borderWidth: 1.6, pointRadius: 1.5, tension: 0
      }))},
      options: {
        maintainAspectRatio: false, animation: false, parsing: false,
        scales: {
          x: {type: 'logarithmic', min: 1, title: {display: true, text: 'percentile', color: style('--soft')},
              ticks: {color: style('--soft'), callback: v => ({1: '0', 2: '50', 10: '90', 100: '99', 1000: '99.9', 10000: '99.99'})[v] || ''},
              grid: {color: style('--line')}},
          y: {type: 'logarithmic', ticks: {color: style('--soft'), callback: v => /^1/.test(String(v)) ? tick(v, nanos) : ''}, grid: {color: style('--line')}}
        },
        plugins: {
          legend: {position: 'bottom', labels: {color: style('--ink'), boxWidth: 22, boxHeight: 1, font: {size: 10}}},
          tooltip: {callbacks: {title: () => '', label: c => c.dataset.label + ': ' + digits(100 - 100 / c.parsed.x) + ' % within ' + nanos(c.parsed.y)}}
        }
      }
    }));
  }
  function traffic(workload) {
    const rows = rowsOf(workload).filter(r => r.readAmplification !== null || r.writeAmplification !== null);
    if (!rows.length) return;
    plot(section('traffic'), workload, 'bytes of the devices per byte asked for', 60 + 32 * rows.length, () => ({
      type: 'bar',
      data: {labels: rows.map(r => r.contender),
             datasets: [{label: 'read', data: rows.map(r => r.readAmplification), backgroundColor: '#56B4E9'},
                        {label: 'written', data: rows.map(r => r.writeAmplification), backgroundColor: '#D55E00'}]},
      options: barOptions(digits, 'bytes per byte', true),
      plugins: [barNotes(digits, null)]
    }));
  }

  const machine = report.machine;
  document.getElementById('machine').textContent =
    [machine.processor, machine.processors + ' processors', bytes(machine.memoryBytes), machine.kernel, 'Java ' + machine.jdk].join(', ');
  document.getElementById('conditions').textContent =
    report.limitedBy + '; files: ' + report.storage + '; swap: ' +
    (report.swap.length ? report.swap.map(s => s.path + ' (' + s.kind.toLowerCase() + ', ' + bytes(s.byteSize) + ', priority ' + s.priority + ')').join(', ') : 'none') +
    '; page-cluster ' + report.pageCluster + '; ' + report.runs + ' runs of each cell; ' + report.started;
  const key = element(document.getElementById('speed').querySelector('p'), 'span');
  for (const f of Object.keys(families)) {
    const word = element(key, 'strong', ' ■ ' + names[f]);
    word.style.color = families[f];
  }
  for (const w of workloads) { speed(w); latency(w); traffic(w); }
  draw();
  dark.addEventListener('change', draw);
})();
