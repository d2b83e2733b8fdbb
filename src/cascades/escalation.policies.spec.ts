import { type Config } from '../platform/config/index.js';
import { EscalationPolicies } from './escalation.policies.js';
import { DEFAULT_ESCALATION } from './escalation.rules.js';

const policies = (cascadeEscalation?: Readonly<Record<string, unknown>>) =>
  new EscalationPolicies({ cascadeEscalation } as Config);

describe('the setting CASCADE_ESCALATION', () => {
  it('replaces parts of the usual policy', () => {
    const commissioner = [{ to: 'practices', afterHours: 5 }] as const;
    expect(policies().usual).toEqual(DEFAULT_ESCALATION);
    expect(policies({ commissioner }).usual).toEqual({ ...DEFAULT_ESCALATION, commissioner });
  });

  it.each([
    [{ commissioner: [{ to: 'mayor', afterHours: 5 }] }, /^CASCADE_ESCALATION: commissioner\.0\.to: /],
    [{ notPassedOn: { commissioner: [] } }, /^CASCADE_ESCALATION: notPassedOn\.region: /],
    [{ mostPerHour: 3 }, /^CASCADE_ESCALATION: policy: .*mostPerHour/],
  ])('stops the start when it is %j, and says where', (setting, message) => {
    expect(() => policies(setting)).toThrow(message);
  });
});
