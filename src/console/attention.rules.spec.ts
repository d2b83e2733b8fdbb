import { type CampaignRow } from '../campaigns/index.js';
import { remindsToo } from './attention.rules.js';

describe('remindsToo', () => {
  const audience = { segments: [], regions: [], commissioners: [], organisations: [] };
  const row = (more: object = {}) =>
    ({
      window_id: 'september',
      created_at: new Date('2026-09-01T08:00:00Z'),
      audience,
      ...more,
    }) as unknown as CampaignRow;
  const later = (more: object = {}) => row({ created_at: new Date('2026-09-14T08:00:00Z'), ...more });
  const newcomers = { people: 2, organisations: ['A81001', '16C'] };

  it.each<[string, CampaignRow, boolean]>([
    ['are for everybody', later(), true],
    ['name them all', later({ audience: { ...audience, organisations: ['A81001'], commissioners: ['16C'] } }), true],
    ['leave one out', later({ audience: { ...audience, organisations: ['A81001'] } }), false],
    ['are for a region, of which nobody knows', later({ audience: { ...audience, regions: ['Y63'] } }), false],
    ['are of another window', later({ window_id: 'october' }), false],
    ['are as old', row(), false],
  ])('says whether reminders that %s make up for it', (_, other, expected) => {
    expect(remindsToo(other, row(), newcomers)).toBe(expected);
  });
});
