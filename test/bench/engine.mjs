// The delivery engine as the service wires it, driven the way its own scheduler drives it.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { Ledger, Reconciler } from '../../dist/delivery/index.js';
import { MessagePreparer } from '../../dist/delivery/message.preparer.js';
import { DATABASE_SERVER } from '../../dist/platform/database/index.js';
import { JobQueue, QUEUE_CONNECTION } from '../../dist/platform/jobs/index.js';
import { TemplateCatalogue } from '../../dist/rendering/index.js';
import { ByteWriter } from '../../dist/shared/byte-writer.js';
import { compileTemplate } from '../../dist/rendering/template.compiler.js';
import { readSharedSources, readTemplateSources } from '../../dist/rendering/template.sources.js';
import { ROOT } from './harness.mjs';
import { startService } from './service.mjs';

/** The interval of the service's own scheduler. */
const TICK_MS = 500;
/** Asking every 10 ms cost a tenth of a processor, in this process and the database. */
const POLL_MS = 50;
/** No sender needs so long for what it is given here: something is wrong. */
const PATIENCE_MS = 900_000;
const TEMPLATE = 'bench-notice';

/** The one message that all senders send, compiled by the service's own compiler. */
async function benchTemplate() {
  const shared = await readSharedSources(join(ROOT, 'templates', 'partials'));
  return compileTemplate(await readTemplateSources(join(import.meta.dirname, 'templates', TEMPLATE), TEMPLATE, shared));
}

export class Engine {
  /**
   * @param {{dataDir: string, smtpUrl: string, redisUrl?: string, prefix: string, roles?: string[],
   *   settings?: Record<string, string>}} options
   *   engines of different `prefix` have queues of their own on the same ledger; `settings` are environment variables
   */
  static async start({ dataDir, smtpUrl, redisUrl, prefix, roles = ['worker'], settings: more = {} }) {
    const settings = { SMTP_URL: smtpUrl, REDIS_URL: redisUrl ?? '', QUEUE_PREFIX: prefix, ...more };
    const engine = new Engine();
    engine.service = await startService({ dataDir, roles, settings });
    engine.ledger = engine.service.get(Ledger);
    engine.reconciler = engine.service.get(Reconciler);
    engine.template = await benchTemplate();
    // Beside the service's own templates, none of which has the size of the published comparisons.
    engine.service.get(TemplateCatalogue).templates.set(TEMPLATE, engine.template);
    engine.pool = new pg.Pool({ connectionString: engine.databaseUrl, max: 2 });
    // The server may be gone before the last idle connection has said goodbye.
    engine.pool.on('error', () => undefined);
    return engine;
  }

  get databaseUrl() {
    return this.service.get(DATABASE_SERVER).connectionString;
  }
  get queueOptions() {
    return this.service.get(QUEUE_CONNECTION).options;
  }
  get queue() {
    return this.service.get(JobQueue).queue('delivery');
  }

  /** Writes a dispatch to the ledger that is due at once. */
  async plan(count) {
    const dispatch = {
      ...{ id: randomUUID(), campaignId: randomUUID(), purpose: 'bench' },
      ...{ dueAt: new Date(), expiresAt: null, sharedValues: sharedOf(this.template) },
    };
    const { planned } = await this.ledger.plan(dispatch, this.messages(count));
    if (planned !== count) throw new Error(`${planned} of ${count} messages were planned`);
    return dispatch.id;
  }

  *messages(count) {
    for (let i = 1; i <= count; i += 1) yield messageOf(this.template, i);
  }

  /** From ledger rows that are due to the last acknowledgement. @returns {Promise<{count: number, seconds: number}>} */
  async send(count) {
    return this.sendPlanned(await this.plan(count), count);
  }

  async sendPlanned(dispatchId, count) {
    const started = performance.now();
    const ticks = setInterval(() => void this.reconciler.tick(), TICK_MS);
    try {
      await this.reconciler.tick();
      while (!(await this.isDrained(dispatchId))) {
        await delay(POLL_MS);
        if (performance.now() - started < PATIENCE_MS) continue;
        throw new Error(`Not drained: ${JSON.stringify((await this.ledger.progress({ dispatchId })).states)}`);
      }
    } finally {
      clearInterval(ticks);
    }
    const seconds = (performance.now() - started) / 1000;
    const { states } = await this.ledger.progress({ dispatchId });
    if (states.accepted !== count) throw new Error(`Not all of ${count} were accepted: ${JSON.stringify(states)}`);
    return { count, seconds };
  }

  async isDrained(dispatchId) {
    const { rows } = await this.pool.query(
      'select 1 from slice where dispatch_id = $1 and (due_at is not null or leased_by is not null) limit 1',
      [dispatchId],
    );
    return rows.length === 0;
  }

  /** One message as it leaves, for whoever sends the same without this engine. */
  async sampleMime() {
    const { values, ...message } = messageOf(this.template, 1);
    const mailable = {
      ...{ id: randomUUID(), ordinal: 1, attempt: 0, setbacks: 0, guard: null },
      ...{ ...message, values: JSON.stringify(values) },
    };
    const { prepared, unmade } = await this.service
      .get(MessagePreparer)
      .prepare([mailable], sharedOf(this.template), new ByteWriter());
    if (unmade.length > 0) throw new Error(unmade[0].reason);
    return prepared[0].outgoing.mime;
  }

  async stop() {
    await this.pool.end();
    await this.service.stop();
  }
}

/** What all messages of a campaign say, as a dispatch keeps it: once. */
export function sharedOf({ sample: { person: _, accounts: __, ...shared } }) {
  return shared;
}

/** Everybody gets a name, an address and an account of their own. */
export function messageOf(template, i) {
  const address = `testa.sample${i}@example.test`;
  const [account] = template.sample.accounts;
  return {
    ...{ personKey: `person-${i}`, accountIds: [`U${i}`], organisationCodes: [`A8${String(1000 + (i % 5000))}`] },
    ...{ route: 'direct', segment: 'nhsmail', address },
    ...{ template: template.name, templateVersion: template.version },
    values: {
      person: { firstName: `Testa${i}`, fullName: `Testa${i} Sample` },
      accounts: [{ ...account, accountId: `U${i}`, registeredAddress: address }],
    },
  };
}
