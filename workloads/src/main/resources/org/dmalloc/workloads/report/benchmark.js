'use strict';
(() => {
  const report = JSON.parse(document.getElementById('report').textContent);
  const order = report.settings.workloads.map(w => w.name);
  const operationOf = Object.fromEntries(report.settings.workloads.map(w => [w.name, w.operation]));
  const backends = [...new Set(report.results.map(r => r.backend))];
  // Okabe and Ito's colours can be told apart with any kind of colour vision, on light and dark.
  const palette = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00'];
  const colourOf = Object.fromEntries(backends.map((b, i) => [b, palette[i % palette.length]]));
  const rawColours = ['#8d949e', '#b9bec6'];
  const darkRawColours = ['#9aa1ab', '#6a717b'];
  const dark = window.matchMedia('(prefers-color-scheme: dark)');
  const charts = [];

  // Three significant digits, as in the text form.
  const digits = v => {
    const size = Math.abs(v);
    return size === 0 ? '0' : size >= 99.95 ? v.toFixed(0) : size >= 9.995 ? v.toFixed(1) : size >= 0.0995 ? v.toFixed(2) : v.toFixed(1 - Math.floor(Math.log10(size)));
  };
  function scaled(value, step, units, gap) {
    let unit = 0;
    while (unit < units.length - 1 && Math.abs(value) >= step - 0.5) { value /= step; unit++; }
    return digits(value) + (units[unit] ? gap + units[unit] : '');
  }
  const count = v => scaled(v, 1000, ['', 'k', 'M', 'G'], '');
  const nanos = v => scaled(v, 1000, ['ns', 'µs', 'ms', 's'], ' ');
  const bytes = v => scaled(v, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB'], ' ');
  const mega = v => v / 1e6 >= 1000 ? (v / 1e6).toFixed(0) : digits(v / 1e6);
  const tick = (value, form) => form(value).replace(/\.0+(?=\D|$)/, '');

  function element(parent, name, text, className) {
    const e = document.createElement(name);
    if (text !== undefined && text !== null) e.textContent = text;
    if (className) e.className = className;
    parent.append(e);
    return e;
  }
  const style = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

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
  function listMissing(figure, rows) {
    if (!rows.length) return;
    const list = element(figure, 'ul', null, 'missing');
    const byReason = new Map();
    for (const r of rows) byReason.set(r.reason, [...(byReason.get(r.reason) || []), r]);
    for (const [reason, same] of byReason) {
      element(list, 'li', same.map(r => r.backend).join(', ') + ': ' + reason, same[0].status === 'failed' ? 'failed' : '');
    }
  }
  const rowsOf = (workload, start) => report.results.filter(r => r.workload === workload && r.start === start);
  const rawOf = (backend, pattern, depth) => {
    const survey = report.rawDisk.find(s => s.backend === backend) || report.rawDisk[0];
    return survey && survey.figures.find(f => f.pattern === pattern && f.queueDepth === depth);
  };
  function patternOf(workload) {
    const w = report.settings.workloads.find(e => e.name === workload);
    if (w.kind === 'allocate') return null;
    return (w.inOrder ? 'sequential-' : 'random-') + (w.kind === 'read' ? 'read' : 'write');
  }

  /** Black or white, whichever can be read on a colour given as #rrggbb. */
  function inkOn(colour) {
    const [r, g, b] = [1, 3, 5].map(i => parseInt(colour.slice(i, i + 2), 16));
    return 0.299 * r + 0.587 * g + 0.114 * b > 130 ? '#000' : '#fff';
  }

  /** Writes each bar's value behind it, or into it where no room is left. */
  const valueLabels = form => ({
    id: 'valueLabels',
    afterDatasetsDraw(chart) {
      const ctx = chart.ctx;
      ctx.save();
      ctx.font = '12px system-ui, sans-serif';
      ctx.textBaseline = 'middle';
      chart.data.datasets.forEach((set, s) => chart.getDatasetMeta(s).data.forEach((bar, i) => {
        if (!chart.isDatasetVisible(s) || set.data[i] === null || set.data[i] === undefined) return;
        const text = form(set.data[i]);
        const outside = bar.x + 6 + ctx.measureText(text).width <= chart.chartArea.right + 4;
        ctx.fillStyle = outside ? style('--ink') : inkOn(bar.options.backgroundColor);
        ctx.textAlign = outside ? 'left' : 'right';
        ctx.fillText(text, outside ? bar.x + 5 : bar.x - 5, bar.y);
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
        y: {ticks: {color: style('--ink')}, grid: {display: false}}
      },
      plugins: {
        legend: {display: legend, position: 'bottom', labels: {color: style('--ink'), boxWidth: 12}},
        tooltip: {callbacks: {label: c => (legend ? c.dataset.label + ': ' : '') + form(c.parsed.x) + ' ' + axisTitle}}
      }
    };
  }

  function throughput(start, parent) {
    for (const workload of order) {
      const rows = rowsOf(workload, start);
      if (!rows.length) continue;
      const measured = rows.filter(r => r.status === 'measured');
      const pattern = patternOf(workload);
      const inOrder = pattern && pattern.startsWith('sequential');
      const valueOf = inOrder ? m => m.bytesPerSecond : m => m.operationsPerSecond;
      const form = inOrder ? mega : count;
      const bars = measured.map(r => ({label: r.backend, value: valueOf(r.measurement), colour: () => colourOf[r.backend]}));
      if (start === 'cold' && pattern) {
        const first = measured.length ? measured[0].backend : null;
        [1, 32].forEach((depth, i) => {
          const raw = rawOf(first, pattern, depth);
          if (raw) bars.push({label: 'raw disk, depth ' + depth, value: valueOf(raw),
            colour: () => (dark.matches ? darkRawColours : rawColours)[i]});
        });
      }
      const unit = inOrder ? 'MB/s' : 'operations/s';
      const label = workload + ' ' + start + ': ' + bars.map(b => b.label + ' ' + form(b.value) + ' ' + unit).join(', ');
      const figure = plot(parent, workload, operationOf[workload], 56 + 30 * bars.length, label,
        measured.length === 0 ? null : () => ({
          type: 'bar', plugins: [valueLabels(form)],
          data: {labels: bars.map(b => b.label),
                 datasets: [{data: bars.map(b => b.value), backgroundColor: bars.map(b => b.colour()), maxBarThickness: 22}]},
          options: barOptions(form, unit, false)
        }));
      listMissing(figure, rows.filter(r => r.status !== 'measured'));
    }
  }

  // Percentiles are spread by how many nines they have.
  const nines = p => -Math.log10(1 - Math.min(p, 99.9995) / 100);
  const ninesLabels = new Map([[0, '0 %'], [1, '90 %'], [2, '99 %'], [3, '99.9 %'], [4, '99.99 %'], [5, '99.999 %']]);

  function latency(parent) {
    for (const start of ['cold', 'warm']) {
      for (const workload of order) {
        const rows = rowsOf(workload, start).filter(r => r.status === 'measured' && r.measurement.operations > 0);
        if (!rows.length) continue;
        const group = rows[0].measurement.latencyGroupSize;
        const subtitle = group > 1 ? 'means of ' + group + ' operations each, without the force' : 'single operations, without the force';
        const label = workload + ' ' + start + ': ' + rows.map(r => r.backend + ' median ' + nanos(r.measurement.p50Nanos) + ', 99 % ' + nanos(r.measurement.p99Nanos)).join('; ');
        plot(parent, workload + (rowsOf(workload, 'cold').length ? ', ' + start : ''), subtitle, 250, label, () => ({
          type: 'line',
          data: {datasets: rows.map(r => ({
            label: r.backend, borderColor: colourOf[r.backend], backgroundColor: colourOf[r.backend],
            borderWidth: 2, pointRadius: 2, stepped: 'before',
            // The slowest stands where one of so many operations stands.
            data: r.measurement.latencyCurve.map(([p, n]) => ({x: p === 100 ? Math.min(5.3, Math.log10(Math.max(2, r.measurement.operations / group))) : nines(p), y: Math.max(1, n), p}))
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
              legend: {position: 'bottom', labels: {color: style('--ink'), boxWidth: 12}},
              tooltip: {callbacks: {title: c => (c[0].raw.p === 100 ? 'slowest' : c[0].raw.p + ' %'), label: c => c.dataset.label + ': ' + nanos(c.parsed.y)}}
            }
          }
        }));
      }
    }
  }

  function traffic(parent) {
    for (const workload of order) {
      const rows = rowsOf(workload, 'cold').filter(r => r.status === 'measured' && r.measurement.processReadBytes !== null);
      if (!rows.length) continue;
      const sets = [
        ['asked for', rows.map(r => r.measurement.operations * r.measurement.bytesPerOperation), dark.matches ? '#6a717b' : '#b9bec6'],
        ['read', rows.map(r => r.measurement.processReadBytes), '#0072B2'],
        ['written', rows.map(r => r.measurement.processWrittenBytes), '#E69F00']
      ];
      const label = workload + ': ' + rows.map((r, i) => r.backend + ' asked for ' + mega(sets[0][1][i]) + ' MB, read ' + mega(sets[1][1][i]) + ' MB, wrote ' + mega(sets[2][1][i]) + ' MB').join('; ');
      plot(parent, workload, 'megabytes, cold', 84 + 66 * rows.length, label, () => ({
        type: 'bar', plugins: [valueLabels(mega)],
        data: {labels: rows.map(r => r.backend),
               datasets: sets.map(([name, data, colour]) => ({label: name, data, backgroundColor: colour, maxBarThickness: 16}))},
        options: barOptions(mega, 'MB', true)
      }));
    }
  }

  function table(id, heads, rows) {
    const t = document.getElementById(id);
    const head = element(element(t, 'thead'), 'tr');
    heads.forEach(([text, word]) => element(head, 'th', text, word ? 'word' : ''));
    const body = element(t, 'tbody');
    for (const row of rows) {
      const tr = element(body, 'tr', null, row.first ? 'first' : '');
      row.cells.forEach((text, i) => element(tr, 'td', text, heads[i][1] ? 'word' : ''));
      if (row.reason) {
        const td = element(tr, 'td', row.reason, 'reason' + (row.failed ? ' failed' : ''));
        td.colSpan = heads.length - row.cells.length;
      }
    }
  }
  const or = (value, form) => value === null || value === undefined ? '–' : form(value);
  function figures() {
    const rows = [];
    for (const workload of order) for (const start of ['cold', 'warm']) rowsOf(workload, start).forEach((r, i) => {
      const m = r.measurement, one = r.rawDepth1 || {}, many = r.rawDepth32 || {};
      const words = [workload, rowsOf(workload, 'cold').length ? start : '–', r.backend, or(r.advice, v => v)];
      rows.push(!m ? {first: i === 0, cells: words, reason: r.reason, failed: r.status === 'failed'} : {first: i === 0, cells: [...words,
        count(m.operationsPerSecond), or(one.throughputRatio, count), or(many.throughputRatio, count),
        m.bytesPerOperation ? mega(m.bytesPerSecond) : '–',
        nanos(m.p50Nanos), or(one.p50Ratio, count), or(many.p50Ratio, count),
        nanos(m.p99Nanos), or(one.p99Ratio, count), or(many.p99Ratio, count),
        nanos(m.p999Nanos), or(one.p999Ratio, count), or(many.p999Ratio, count),
        String(m.latencyGroupSize), or(m.majorFaults, count), or(m.processReadBytes, mega), or(m.processWrittenBytes, mega),
        m.forceNanos ? nanos(m.forceNanos) : '–', or(m.residentShareAtStart, v => Math.round(100 * v) + ' %')]});
    });
    table('results', [['workload', 1], ['start', 1], ['backend', 1], ['advice', 1], ['ops/s'], ['×qd1'], ['×qd32'], ['MB/s'],
      ['p50'], ['×qd1'], ['×qd32'], ['p99'], ['×qd1'], ['×qd32'], ['p99.9'], ['×qd1'], ['×qd32'],
      ['timed together'], ['major faults'], ['read MB'], ['written MB'], ['force'], ['resident before']], rows);
    table('raw', [['pattern', 1], ['block', 1], ['file of', 1], ['depth'], ['ops/s'], ['MB/s'], ['p50'], ['p99'], ['p99.9'], ['by', 1]],
      report.rawDisk.flatMap(s => s.figures.map((f, i) => ({first: i === 0, cells: [f.pattern, bytes(f.blockBytes), s.backend, String(f.queueDepth),
        count(f.operationsPerSecond), mega(f.bytesPerSecond), nanos(f.p50Nanos), nanos(f.p99Nanos), nanos(f.p999Nanos), f.tool]}))));
  }

  const machine = report.machine, settings = report.settings;
  document.getElementById('machine').textContent = [machine.processor, machine.processors + ' processors',
    or(machine.memoryBytes, bytes), machine.memoryLimitBytes === null ? null : 'limit ' + bytes(machine.memoryLimitBytes),
    machine.kernel, machine.system, 'Java ' + machine.jdk].filter(Boolean).join(' · ');
  document.getElementById('settings').textContent = 'One region of ' + bytes(settings.byteSize) + ' for each backend · threads: ' + settings.threads +
    ' · at most ' + nanos(settings.timePerRunNanos) + ' a run · seed ' + settings.seed + ' · ' + report.startedAt.replace('T', ' ').replace(/\..*Z|Z/, ' UTC');
  for (const [backend, s] of Object.entries(report.storage)) {
    element(document.getElementById('storage'), 'li', backend + ': ' + s.backing + (s.fileSystem ? ' on ' + s.mountPoint : '') +
      (s.device ? ', disk ' + s.device + ', read_ahead_kb ' + or(s.readAheadKib, v => v) + ', rotational ' + s.rotational : '') + ', allocated in ' + nanos(s.allocateNanos));
  }
  const into = name => document.querySelector('[data-plots=' + name + ']');
  throughput('cold', into('cold'));
  throughput('warm', into('warm'));
  latency(into('latency'));
  traffic(into('traffic'));
  figures();
  for (const section of document.querySelectorAll('section')) {
    const plots = section.querySelector('.plots');
    if (plots && !plots.children.length) section.hidden = true;
  }
  draw();
  dark.addEventListener('change', draw);
})();
