import { Injectable } from '@nestjs/common';
import { Ledger } from '../delivery/index.js';
import { TellingRepository } from './telling.repository.js';

/** One thing through which an organisation was told, or said something itself. */
export interface Telling {
  /** An email of the ledger, or a step of a cascade. */
  readonly kind: 'message' | 'step';
  /** When it reached the organisation, or was said; null for a message that has not left. */
  readonly at: Date | null;
  /** `direct`: email to its people. `cascade`: passed on by another organisation, or asked for by one. `answer`: its own word. */
  readonly route: 'direct' | 'cascade' | 'answer';
  /** In words: the template of a message, or what was done. */
  readonly what: string;
  /** State of the message, or of the step. */
  readonly state: string;
  /** Campaign or drill. */
  readonly cascadeOrCampaign: string;
  /** ODS code of who passed it on. */
  readonly by: string | null;
  /** SHA-256 (hex) of the bytes that were sent. */
  readonly sha256: string | null;
}

/** The told ledger: direct mail, cascade steps and confirmations in one list. */
@Injectable()
export class TellingService {
  constructor(
    private readonly ledger: Ledger,
    private readonly repository: TellingRepository,
  ) {}

  /** Everything by which an organisation was told, newest first; what has not left yet in front. */
  async told(organisation: string): Promise<Telling[]> {
    const messages = (await this.ledger.told(organisation)).map((message): Telling => ({
      kind: 'message',
      at: message.acceptedAt,
      route: message.route,
      what: message.template,
      state: message.state,
      cascadeOrCampaign: message.campaignId,
      by: null,
      sha256: message.renderedSha256,
    }));
    return [...messages, ...(await this.steps(organisation))].sort((a, b) => timeOf(b) - timeOf(a));
  }

  /** What cascades passed on to it and what it said itself, over all cascades, newest first. */
  async steps(organisation: string): Promise<Telling[]> {
    return (await this.repository.stepsOf(organisation)).map(({ at, action, cascadeId, by, late }) => ({
      kind: 'step',
      at,
      route: by === null ? 'answer' : 'cascade',
      what: by === null ? action : 'passed on by its commissioner or region',
      state: late ? 'late' : 'in time',
      cascadeOrCampaign: cascadeId,
      by,
      sha256: null,
    }));
  }
}

function timeOf({ at }: Telling): number {
  return at?.getTime() ?? Number.MAX_SAFE_INTEGER;
}
