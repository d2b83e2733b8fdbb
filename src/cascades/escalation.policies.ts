import { Injectable } from '@nestjs/common';
import { type Config, InjectConfig } from '../platform/config/index.js';
import { InvalidInputError } from '../shared/errors.js';
import { DEFAULT_ESCALATION, type EscalationPolicy, escalationPolicySchema } from './escalation.rules.js';

/** The policy that a cascade begins with, unless another one is given. */
@Injectable()
export class EscalationPolicies {
  readonly usual: EscalationPolicy;

  /** @throws InvalidInputError `bad-setting`, naming the field, when `CASCADE_ESCALATION` is no part of a policy. */
  constructor(@InjectConfig() { cascadeEscalation = {} }: Config) {
    const parsed = escalationPolicySchema.safeParse({ ...DEFAULT_ESCALATION, ...cascadeEscalation });
    if (!parsed.success) {
      const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'policy'}: ${message}`);
      throw new InvalidInputError('bad-setting', `CASCADE_ESCALATION: ${faults.join('; ')}`);
    }
    this.usual = parsed.data;
  }
}
