import { Injectable } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { InjectDatabase } from '../platform/database/index.js';
import { type CascadeTables, type StepDetails } from './cascade.tables.js';
import { type StepAction } from './step.rules.js';

export interface ToldStep {
  readonly cascadeId: string;
  readonly at: Date;
  readonly action: StepAction;
  readonly late: boolean;
  /** Who passed the message on; null for the organisation's own answers. */
  readonly by: string | null;
}

export interface EvidenceStep {
  readonly at: Date;
  readonly organisation: string;
  readonly action: StepAction;
  readonly late: boolean;
  readonly actor: string;
  readonly details: StepDetails;
}

/** What a report says of a message; its words may hold an address and are not part of it. */
export interface ReturnedMail {
  readonly messageId: string;
  readonly at: Date;
  /** `hard`, `soft`, `complaint`, `auto-reply`, `delivered`. */
  readonly kind: string;
  readonly reason: string;
  /** RFC 3463. */
  readonly status: string | null;
}

@Injectable()
export class TellingRepository {
  constructor(@InjectDatabase() private readonly db: Kysely<CascadeTables>) {}

  /** What was passed on to an organisation, and what it answered, over all cascades. */
  async stepsOf(code: string): Promise<ToldStep[]> {
    const { rows } = await sql<ToldStep>`
      select step.cascade_id as "cascadeId", step.at, step.action, step.late, step.code as by
      from cascade_organisation node
      join cascade_step step on step.cascade_id = node.cascade_id and step.action = 'pass-on'
        and step.details -> 'practices' ? node.code
      where node.code = ${code}
      union all
      select step.cascade_id, step.at, step.action, step.late, null
      from cascade_step step
      join cascade_organisation node on node.cascade_id = step.cascade_id and node.code = step.code
      where node.code = ${code} and step.action in ('acknowledge', 'pass-on', 'confirm', 'finish', 'decline')
      order by at desc`.execute(this.db);
    return rows;
  }

  /** Every step of an organisation and of those above it in one cascade, oldest first. */
  async evidence(cascadeId: string, codes: readonly string[]): Promise<EvidenceStep[]> {
    const { rows } = await sql<EvidenceStep>`
      select at, code as organisation, action, late, actor, details from cascade_step
      where cascade_id = ${cascadeId} and code = any(${[...codes]}::text[]) order by id`.execute(this.db);
    return rows;
  }

  /** Rehearsals that an organisation was part of. */
  async drillsOf(code: string): Promise<string[]> {
    const rows = await this.db
      .selectFrom('cascade_organisation as node')
      .innerJoin('cascade', 'cascade.id', 'node.cascade_id')
      .select('cascade.id')
      .where('node.code', '=', code)
      .where('cascade.campaign_id', 'is', null)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Reports that proved to be about these messages, oldest first. */
  async returned(messageIds: readonly string[]): Promise<ReturnedMail[]> {
    const { rows } = await sql<ReturnedMail>`
      select report.message_id as "messageId", report.received_at as at, recipient.kind, recipient.reason, recipient.status
      from feedback_report report join feedback_recipient recipient on recipient.report_id = report.id
      where report.message_id = any(${[...messageIds]}::uuid[]) and report.state = 'applied'
      order by report.received_at, report.id, recipient.ordinal`.execute(this.db);
    return rows;
  }

  /** The keyed hashes of the addresses that messages went to: they outlive redaction. */
  async addressHashes(messageIds: readonly string[]): Promise<Map<string, string>> {
    const { rows } = await sql<{ id: string; address_hash: string }>`
      select id, address_hash from message where id = any(${[...messageIds]}::uuid[])`.execute(this.db);
    return new Map(rows.map(({ id, address_hash }) => [id, address_hash]));
  }
}
