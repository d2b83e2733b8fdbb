const PATH = ['not-declared', 'declared', 'approved', 'financially-approved'];

/**
 * The declaration feed of one service and period at two moments: before the first reminder (4 September 2026) and before
 * the second (11 September). Who has moved on in between has a newer `updated_at`; nobody moves back, but for returns.
 * @param {import('./random.mjs').Random} random @param {readonly string[]} practiceCodes
 */
export function declarations(random, practiceCodes) {
  const first = [];
  const second = [];
  for (const organisation_code of practiceCodes) {
    const declared = random.chance(0.97);
    const before = random.weighted([
      ['not-declared', declared ? 42 : 70],
      ['declared', declared ? 28 : 0],
      ['returned', declared ? 3 : 0],
      ['approved', 14],
      ['financially-approved', 13],
    ]);
    const row = {
      organisation_code,
      service: 'QOF',
      period: '2025/26',
      declaration_required: declared ? 'yes' : 'no',
      approval_required: 'yes',
      status: before,
      updated_at: instant(random, '2026-08-17', '2026-09-03'),
    };
    first.push(row);
    const after = next(random, before, declared);
    second.push(
      after === before ? row : { ...row, status: after, updated_at: instant(random, '2026-09-04', '2026-09-10') },
    );
  }
  return { first, second };
}

function next(random, status, declared) {
  if (status === 'returned') return random.chance(0.6) ? 'declared' : 'returned';
  if (status === 'declared' && random.chance(0.03)) return 'returned';
  const steps = random.weighted([
    [0, 35],
    [1, 40],
    [2, 18],
    [3, 7],
  ]);
  const step = PATH.indexOf(status) + steps;
  return PATH[Math.min(step, 3)] === 'declared' && !declared ? 'approved' : PATH[Math.min(step, 3)];
}

function instant(random, from, to) {
  const time = [random.whole(8, 17), random.whole(0, 59), random.whole(0, 59)].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${random.day(from, to)}T${time.join(':')}Z`;
}
