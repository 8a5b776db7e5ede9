(() => {
  const {report, dark, digits, count, nanos, bytes, element, plot, listMissing, section, valueLabels, barOptions, latencyChart} = page;
  const order = report.settings.workloads.map(w => w.name);
  const operationOf = Object.fromEntries(report.settings.workloads.map(w => [w.name, w.operation]));
  const backends = [...new Set(report.results.map(r => r.backend))];
  // Okabe and Ito's colours can be told apart with any kind of colour vision, on light and dark.
  const palette = ['#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00'];
  const colourOf = Object.fromEntries(backends.map((b, i) => [b, palette[i % palette.length]]));
  const rawColours = ['#8d949e', '#b9bec6'];
  const darkRawColours = ['#9aa1ab', '#6a717b'];
  const mega = v => v / 1e6 >= 1000 ? (v / 1e6).toFixed(0) : digits(v / 1e6);
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

  function throughput(start, parent) {
    for (const workload of order) {
      const rows = rowsOf(workload, start);
      if (!rows.length) continue;
      const measured = rows.filter(r => r.status === 'measured');
      const pattern = patternOf(workload);
      const inOrder = pattern && pattern.startsWith('sequential');
      const valueOf = inOrder ? m => m.durableBytesPerSecond : m => m.durableOperationsPerSecond;
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
      listMissing(figure, rows.filter(r => r.status !== 'measured').map(r => ({name: r.backend, reason: r.reason, failed: r.status === 'failed'})));
    }
  }

  function latency(parent) {
    for (const start of ['cold', 'warm']) {
      for (const workload of order) {
        const rows = rowsOf(workload, start).filter(r => r.status === 'measured' && r.measurement.operations > 0);
        if (!rows.length) continue;
        const group = rows[0].measurement.latencyGroupSize;
        const subtitle = group > 1 ? 'means of ' + group + ' operations each, without the force' : 'single operations, without the force';
        const label = workload + ' ' + start + ': ' + rows.map(r => r.backend + ' median ' + nanos(r.measurement.p50Nanos) + ', 99 % ' + nanos(r.measurement.p99Nanos)).join('; ');
        plot(parent, workload + (rowsOf(workload, 'cold').length ? ', ' + start : ''), subtitle, 250, label, () => latencyChart(rows.map(r => ({
          label: r.backend, colour: colourOf[r.backend], operations: r.measurement.operations / group,
          points: r.measurement.latencyCurve.map(([p, n]) => ({p, nanos: n}))
        }))));
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
        count(m.durableOperationsPerSecond), or(one.throughputRatio, count), or(many.throughputRatio, count),
        m.bytesPerOperation ? mega(m.durableBytesPerSecond) : '–',
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
  throughput('cold', section('cold'));
  throughput('warm', section('warm'));
  latency(section('latency'));
  traffic(section('traffic'));
  figures();
  page.finish();
})();
