import { linesOf } from './simulation.chart.js';

const event = (more: object) => ({
  day: '2026-09-16',
  time: '09:00:00',
  campaign: 'Reminders',
  kind: 'payment-reminder',
  step: '2-working-days',
  what: 'accepted',
  reason: null,
  messages: 10,
  people: 9,
  practices: 5,
  commissioners: 0,
  ...more,
});

describe('the events of a simulation', () => {
  it('are added up when they differ in their time of one day alone', () => {
    const lines = linesOf({ calendar: [event({}), event({ time: '09:20:00', messages: 4, people: 4, practices: 2 })] });
    expect(lines).toEqual([
      expect.objectContaining({ from: '09:00', until: '09:20', messages: 14, people: 13, practices: 7, sign: 'sent' }),
    ]);
  });

  it('stay apart by what becomes of them, and what others do has a lane of its own', () => {
    const lines = linesOf({
      calendar: [
        event({}),
        event({ what: 'expired' }),
        event({ what: 'declare', campaign: '', step: '', reason: '12 declarations' }),
        event({ what: 'waiting', campaign: '', step: '' }),
      ],
    });
    expect(lines.map(({ campaign, what, sign }) => [campaign, what, sign])).toEqual([
      ['Reminders', 'Sent (2 working days)', 'sent'],
      ['Reminders', 'Too late, not sent (2 working days)', 'unsent'],
      ['What practices and commissioners do', 'Practices declare', 'deed'],
      ['The mail server', 'Waits for the mail server', 'unsent'],
    ]);
  });
});
