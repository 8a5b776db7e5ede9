(() => {
  const {report, digits, count, bytes, element, plot, listMissing, section, valueLabels, barOptions} = page;
  const families = {OURS: '#0072B2', OURS_FIXED: '#56B4E9', PEER: '#E69F00'};
  const names = {OURS: 'dmalloc', OURS_FIXED: 'dmalloc, fixed pattern', PEER: 'peers'};
  const rawColour = '#8a8a8a';
  const familyOf = Object.fromEntries(report.contenders.map(c => [c.id, c.family]));
  const missingOf = row => report.cells.filter(c => c.row === row.row && c.reason).map(c => ({name: c.contender, reason: c.reason}));
  const spoken = (row, figures, form) => row.row + ': ' + figures.map(f => f.name + ' ' + form(f)).join(', ');

  function rates(row) {
    const scale = row.inBytes ? 4096 / 1e6 : 1;
    const form = row.inBytes ? digits : count;
    const unit = row.inBytes ? 'MB/s' : 'pages/s';
    const figures = report.medians.filter(m => m.row === row.row).map(m => ({name: m.contender, colour: families[familyOf[m.contender]], ...m}));
    const ceiling = report.ceilings.find(c => c.row === row.row);
    if (ceiling) figures.push({name: 'raw disk', colour: rawColour, ...ceiling});
    const ranges = figures.map(f => ({low: f.low * scale, high: f.high * scale}));
    const figure = plot(section('rates'), row.row, row.description, 56 + 26 * figures.length,
      spoken(row, figures, f => form(f.pagesPerSecond * scale) + ' ' + unit), figures.length ? () => ({
        type: 'bar', plugins: [valueLabels(form, ranges)],
        data: {labels: figures.map(f => f.name),
               datasets: [{data: figures.map(f => f.pagesPerSecond * scale), backgroundColor: figures.map(f => f.colour), maxBarThickness: 18}]},
        options: barOptions(form, unit, false)
      }) : null);
    listMissing(figure, missingOf(row));
  }

  function traffic(row, key, title, colour) {
    const figures = report.medians.filter(m => m.row === row.row && m[key] > 0).map(m => ({name: m.contender, value: m[key]}));
    const values = figures.map(f => f.value);
    if (!(Math.max(...values) >= 0.01)) return; // next to nothing
    plot(section('traffic'), row.row + ': ' + title, 'bytes of the disk for each byte of the pages; the scale is logarithmic',
      56 + 26 * figures.length, spoken(row, figures, f => digits(f.value)), () => {
        const options = barOptions(digits, 'bytes per byte', false);
        Object.assign(options.scales.x, {
          type: 'logarithmic',
          beginAtZero: false,
          min: 10 ** Math.floor(Math.log10(Math.min(...values) / 2)),
          max: 10 ** Math.ceil(Math.log10(Math.max(...values) * 2))
        });
        const isPower = value => Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6);
        options.scales.x.ticks = {...options.scales.x.ticks, callback: value => isPower(value) ? digits(value) : null};
        return {
          type: 'bar', plugins: [valueLabels(digits)], options,
          data: {labels: figures.map(f => f.name),
                 datasets: [{data: figures.map(f => f.value), backgroundColor: figures.map(() => colour), maxBarThickness: 18}]}
        };
      });
  }

  const machine = report.machine;
  document.getElementById('machine').textContent =
    [machine.processor, machine.processors + ' processors', bytes(machine.memoryBytes), machine.kernel, 'Java ' + machine.jdk].join(' · ');
  document.getElementById('conditions').textContent =
    [report.limitedBy, report.storage, report.runs + ' runs of ' + report.cellSeconds + ' s a cell',
     report.started.replace('T', ' ').replace('Z', ' UTC')].join(' · ');
  const key = element(document.getElementById('rates').querySelector('p'), 'span', ' ', 'key');
  for (const [colour, name] of [...Object.keys(families).map(f => [families[f], names[f]]), [rawColour, 'raw disk']]) {
    element(key, 'span', '■ ').style.color = colour;
    element(key, 'span', name + ' ');
  }
  const who = document.querySelector('#who tbody');
  for (const c of report.contenders) {
    const line = element(who, 'tr');
    for (const text of [c.id, c.library, c.licence, c.settings]) element(line, 'td', text, 'word');
  }
  for (const row of report.rowTexts) {
    rates(row);
    traffic(row, 'readAmplification', 'read', '#56B4E9');
    traffic(row, 'writeAmplification', 'written', '#D55E00');
  }
  page.finish();
})();
