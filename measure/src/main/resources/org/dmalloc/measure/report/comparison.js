(() => {
  const {report, digits, count, nanos, bytes, element, plot, listMissing, section, valueLabels, barOptions, latencyChart} = page;
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
  const rowsOf = workload => report.medians.filter(m => m.workload === workload);
  const verdictOf = workload => {
    const v = report.verdicts.find(e => e.sentence.startsWith(workload + ': '));
    return v ? v.sentence.slice(workload.length + 2) : '';
  };
  const missingOf = workload => report.cells.filter(c => c.workload === workload && c.failure)
    .map(c => ({name: c.contender, reason: c.failure, failed: true}));
  const spoken = (workload, rows, form) => workload + ': ' + rows.map(r => r.contender + ' ' + form(r)).join(', ');

  function speed(workload) {
    const rows = rowsOf(workload);
    const figure = plot(section('speed'), workload, verdictOf(workload), 56 + 26 * rows.length,
      spoken(workload, rows, r => count(r.operationsPerSecond) + ' operations/s'), () => ({
        type: 'bar', plugins: [valueLabels(count, rows)],
        data: {labels: rows.map(r => r.contender),
               datasets: [{data: rows.map(r => r.operationsPerSecond), backgroundColor: rows.map(r => families[familyOf[r.contender]]), maxBarThickness: 18}]},
        options: barOptions(count, 'operations/s', false)
      }));
    listMissing(figure, missingOf(workload));
  }
  // What a scan took from the disk meanwhile: the random loads alone would not tell.
  function beside(workload) {
    const rows = rowsOf(workload).filter(r => r.besideBytesPerSecond !== null);
    if (!rows.length) return;
    const form = v => digits(v / 1e6);
    plot(section('speed'), workload + ': the scan beside it', 'MB/s meanwhile', 56 + 26 * rows.length,
      spoken(workload, rows, r => 'scan ' + form(r.besideBytesPerSecond) + ' MB/s'), () => ({
        type: 'bar', plugins: [valueLabels(form)],
        data: {labels: rows.map(r => r.contender),
               datasets: [{data: rows.map(r => r.besideBytesPerSecond), backgroundColor: rows.map(r => families[familyOf[r.contender]]), maxBarThickness: 18}]},
        options: barOptions(form, 'MB/s', false)
      }));
  }
  function latency(workload) {
    const rows = rowsOf(workload).filter(r => r.curve.length);
    if (!rows.length) return;
    plot(section('latency'), workload, 'single operations; dashes tell the contenders of a family apart', 400,
      spoken(workload, rows, r => 'median ' + nanos(r.p50Nanos) + ', 99 % ' + nanos(r.p99Nanos)), () => latencyChart(rows.map(r => ({
        label: r.contender, colour: families[familyOf[r.contender]], dash: dashOf[r.contender],
        points: r.curve.filter(c => c.percentile < 100).map(c => ({p: c.percentile, nanos: c.nanos}))
      }))));
  }
  function traffic(workload) {
    const rows = rowsOf(workload).filter(r => r.readAmplification !== null || r.writeAmplification !== null);
    if (!rows.length) return;
    const form = v => v === null ? 'unknown' : digits(v);
    plot(section('traffic'), workload, 'bytes of the devices per byte asked for', 84 + 34 * rows.length,
      spoken(workload, rows, r => 'read ' + form(r.readAmplification) + ', written ' + form(r.writeAmplification)), () => ({
        type: 'bar', plugins: [valueLabels(digits)],
        data: {labels: rows.map(r => r.contender),
               datasets: [{label: 'read', data: rows.map(r => r.readAmplification), backgroundColor: '#56B4E9', maxBarThickness: 12},
                          {label: 'written', data: rows.map(r => r.writeAmplification), backgroundColor: '#D55E00', maxBarThickness: 12}]},
        options: barOptions(digits, 'bytes per byte', true)
      }));
  }

  const machine = report.machine;
  document.getElementById('machine').textContent =
    [machine.processor, machine.processors + ' processors', bytes(machine.memoryBytes), machine.kernel, 'Java ' + machine.jdk].join(' · ');
  document.getElementById('conditions').textContent = [report.limitedBy, 'files: ' + report.storage,
    'swap: ' + (report.swap.length ? report.swap.map(s => s.path + ' (' + s.kind.toLowerCase() + ', ' + bytes(s.byteSize) + ', priority ' + s.priority + ')').join(', ') : 'none'),
    'page-cluster ' + report.pageCluster, report.runs + ' runs of each cell', report.started.replace('T', ' ').replace('Z', ' UTC')].join(' · ');
  const key = element(document.getElementById('speed').querySelector('p'), 'span', ' ', 'key');
  for (const f of Object.keys(families)) {
    element(key, 'span', '■ ').style.color = families[f];
    element(key, 'span', names[f] + ' ');
  }
  for (const w of workloads) { speed(w); beside(w); latency(w); traffic(w); }
  page.finish();
})();
