import { CampaignService } from '../../dist/campaigns/index.js';
import { DeadlinesService } from '../../dist/deadlines/index.js';
import { permissionsOf } from '../../dist/access/index.js';
import { SegmentsService } from '../../dist/segments/index.js';
import { FixedClock } from '../../dist/shared/clock.js';
import { compare } from './harness.mjs';
import { startService } from './service.mjs';

const BASELINE = 'classifyAll alone';
const AUTHOR = {
  ...{ id: 'person:bench-author', kind: 'person', name: 'The bench’s author', roles: ['author'] },
  permissions: permissionsOf(['author']),
};

/** How fast a campaign's audience is worked out, checked and frozen. */
export async function plan({ quick, demo, say }) {
  const clock = new FixedClock(new Date('2026-09-07T09:00:00+01:00'));
  const service = await startService({ dataDir: await demo(), clock });
  try {
    const campaigns = service.get(CampaignService);
    const segments = service.get(SegmentsService);
    const window = await service.get(DeadlinesService).createWindow(
      {
        name: 'September 2026',
        ...{ cutoff: '2026-09-18T12:00', reopening: '2026-09-23T08:00', pcse: '2026-09-28T08:00' },
        signInChange: '2026-09-23T08:00',
        weekdays: { cutoff: 'Friday', reopening: 'Wednesday', pcse: 'Monday', signInChange: 'Wednesday' },
      },
      AUTHOR.id,
    );
    const { id } = await campaigns.create({ name: 'Bench', kind: 'sign-in-notice', windowId: window.id }, AUTHOR);
    let summary;
    const rows = await compare({
      rounds: quick ? 2 : 5,
      unit: 'recipients/s',
      baselines: [BASELINE],
      contenders: [
        {
          name: BASELINE,
          async run() {
            let count = 0;
            for await (const _ of segments.classifyAll()) count += 1;
            return count;
          },
        },
        {
          name: 'PlanService',
          async run() {
            ({ summary } = await campaigns.plan(id));
            return summary.recipients + summary.excluded;
          },
        },
      ],
      say,
    });
    return {
      title: 'Plan',
      rows: rows.map((row) => (row.name === BASELINE ? { ...row, unit: 'accounts/s' } : row)),
      facts: { recipients: summary.recipients, excluded: summary.excluded },
      notes: [
        `A sign-in notice to the 30,000 accounts of test/fixtures/demo: ${summary.recipients.toLocaleString('en-GB')} recipients and ${summary.excluded.toLocaleString('en-GB')} people who get nothing, both counted. Classifying, merging persons, suppressions, missing values, the snapshot's rows and its hash are in it; from the second plan on also the comparison with the one before.`,
        `Baseline "${BASELINE}": the accounts read and classified, and nothing kept.`,
      ],
    };
  } finally {
    await service.stop();
  }
}
