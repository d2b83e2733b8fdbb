import { Injectable, Optional } from '@nestjs/common';
import { type BlockingPair, DeadlinesService } from '../deadlines/index.js';
import { type Config, InjectConfig, isCaptured } from '../platform/config/index.js';
import { TemplateCatalogue } from '../rendering/index.js';
import { type ReminderGuard } from './ledger.types.js';
import { OptOuts } from './opt-outs.js';
import { type Change } from './outcome.rules.js';
import { type QueuedMessage } from './slice.repository.js';
import { normalise, SuppressionList } from './suppression.list.js';
import { isAllowedInTrial } from './trial.rules.js';

/** A message that has an address and values: it was not redacted. */
export type Mailable = QueuedMessage & {
  readonly address: string;
  readonly values: NonNullable<QueuedMessage['values']>;
};

export interface Screened {
  readonly mailable: Mailable[];
  readonly stopped: Change[];
}

/** Asks again, right before sending, whether a message may go out at all. */
@Injectable()
export class MessageScreening {
  constructor(
    private readonly suppressions: SuppressionList,
    private readonly deadlines: DeadlinesService,
    private readonly templates: TemplateCatalogue,
    @InjectConfig() private readonly config: Config,
    @Optional() private readonly optOuts?: OptOuts,
  ) {}

  async screen(messages: readonly QueuedMessage[]): Promise<Screened> {
    const addresses = messages.flatMap(({ address }) => (address === null ? [] : [address]));
    const suppressed = await this.suppressions.suppressed(addresses);
    const refused = await this.optedOut(messages);
    const blocking = await this.blocking(messages);
    const mailable: Mailable[] = [];
    const stopped: Change[] = [];

    for (const message of messages) {
      const { ordinal, address, values, guard } = message;
      if (address === null || values === null) {
        stopped.push({ ordinal, state: 'suppressed', reason: 'redacted' });
        continue;
      }
      const suppression = suppressed.get(normalise(address));
      if (suppression !== undefined) stopped.push({ ordinal, state: 'suppressed', reason: suppression });
      else if (refused.has(message.id)) stopped.push({ ordinal, state: 'suppressed', reason: 'opted-out' });
      else if (!this.mayLeave(address)) stopped.push({ ordinal, state: 'suppressed', reason: 'trial-mode' });
      else if (!guard) mailable.push({ ...message, address, values });
      else {
        const acted = organisationsThatActed(guard, blocking);
        if (acted.size === guard.organisationCodes.length)
          stopped.push({ ordinal, state: 'cancelled', reason: 'no longer blocking' });
        else mailable.push({ ...message, address, values: withoutPractices(values, acted) });
      }
    }
    return { mailable, stopped };
  }

  /** The capture transport keeps everything on this machine, so trial mode has nothing to hold back there. */
  private mayLeave(address: string): boolean {
    const { trialMode, trialAllow } = this.config;
    return !trialMode || isCaptured(this.config) || isAllowedInTrial(address, trialAllow);
  }

  /** The ids of those that are optional and go to somebody who wants none of them. Service notices go to everybody. */
  private async optedOut(messages: readonly QueuedMessage[]): Promise<Set<string>> {
    const kinds = new Set(this.templates.names().filter((name) => this.templates.get(name).kind === 'optional'));
    const optional = messages.flatMap(({ id, address, template }) =>
      address !== null && kinds.has(template) ? [{ id, address: address.toLowerCase() }] : [],
    );
    if (optional.length === 0 || !this.optOuts) return new Set();
    const wishes = await this.optOuts.optedOut(optional.map(({ address }) => address));
    return new Set(optional.filter(({ address }) => wishes.has(address)).map(({ id }) => id));
  }

  private async blocking(messages: readonly QueuedMessage[]): Promise<Set<string>> {
    const asked = new Map<string, Map<string, BlockingPair>>();
    for (const { guard } of messages) {
      if (!guard) continue;
      const pairs = asked.get(guard.windowId) ?? new Map<string, BlockingPair>();
      for (const organisationCode of guard.organisationCodes) {
        const pair = { organisationCode, actor: guard.actor };
        pairs.set(keyOf(guard.windowId, pair), pair);
      }
      asked.set(guard.windowId, pairs);
    }
    const blocking = new Set<string>();
    for (const [windowId, pairs] of asked) {
      for (const pair of await this.deadlines.stillBlocking(windowId, [...pairs.values()])) {
        blocking.add(keyOf(windowId, pair));
      }
    }
    return blocking;
  }
}

function organisationsThatActed({ windowId, actor, organisationCodes }: ReminderGuard, blocking: ReadonlySet<string>) {
  return new Set(
    organisationCodes.filter((organisationCode) => !blocking.has(keyOf(windowId, { organisationCode, actor }))),
  );
}

/** An email that was planned hours ago never names a practice that has done its part since. */
function withoutPractices(text: string, acted: ReadonlySet<string>): string {
  if (acted.size === 0) return text;
  const values = JSON.parse(text) as { practices?: unknown };
  if (!Array.isArray(values.practices)) return text;
  const practices = (values.practices as { code?: string }[]).filter(({ code = '' }) => !acted.has(code));
  return JSON.stringify({ ...values, practices });
}

function keyOf(windowId: string, { actor, organisationCode }: BlockingPair): string {
  return `${windowId} ${actor} ${organisationCode}`;
}
