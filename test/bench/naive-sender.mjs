// How mail is usually sent from Node: a job for each recipient, which reads its row, makes the message, gives it to
// nodemailer's pool and writes the outcome down. Written as well as that can be.
import { Queue, Worker } from 'bullmq';
import { createTransport } from 'nodemailer';
import pg from 'pg';
import { messageOf, sharedOf } from './engine.mjs';
import { naiveTemplate } from './naive.mjs';

const CONNECTIONS = 20;

export class NaiveSender {
  /** @param {{engine: import('./engine.mjs').Engine, port: number, compiledOnce: boolean}} options the engine lends its database and queue */
  static async start({ engine, port, compiledOnce }) {
    const sender = new NaiveSender();
    sender.table = compiledOnce ? 'bench_cached' : 'bench_naive';
    sender.template = engine.template;
    sender.shared = sharedOf(engine.template);
    sender.pool = new pg.Pool({ connectionString: engine.databaseUrl, max: CONNECTIONS });
    await sender.pool.query(
      `create table ${sender.table} (id integer primary key generated always as identity, address text not null,
         values jsonb not null, state text not null default 'queued', response text, sent_at timestamptz)`,
    );
    const naive = naiveTemplate(engine.template);
    sender.make = compiledOnce ? await naive.compiledOnce() : naive.perRecipient;
    sender.mailer = createTransport({
      ...{ host: '127.0.0.1', port, ignoreTLS: true },
      ...{ pool: true, maxConnections: CONNECTIONS, maxMessages: Infinity },
    });
    sender.queue = new Queue(sender.table, engine.queueOptions);
    sender.worker = new Worker(sender.table, (job) => sender.one(job.data.id), {
      ...engine.queueOptions,
      concurrency: CONNECTIONS,
    });
    sender.worker.on('completed', () => (sender.left -= 1) === 0 && sender.done());
    sender.worker.on('failed', (_, error) => sender.fail(error));
    return sender;
  }

  async one(id) {
    const { rows } = await this.pool.query(
      `select address, values from ${this.table} where id = $1 and state = 'queued'`,
      [id],
    );
    const [{ address, values }] = rows;
    const { subject, html, text } = await this.make({ ...this.shared, ...values });
    const { response } = await this.mailer.sendMail({
      from: 'The CQRS team <cqrs-comms@example.test>',
      to: address,
      subject,
      html,
      text,
    });
    await this.pool.query(`update ${this.table} set state = 'accepted', response = $2, sent_at = now() where id = $1`, [
      id,
      response,
    ]);
  }

  /** From rows in a table to the last update, the queueing included. */
  async send(count) {
    const people = Array.from({ length: count }, (_, i) => messageOf(this.template, i + 1));
    const { rows } = await this.pool.query(
      `insert into ${this.table} (address, values) select * from unnest($1::text[], $2::jsonb[]) returning id`,
      [people.map(({ address }) => address), people.map(({ values }) => JSON.stringify(values))],
    );
    const finished = new Promise((resolve, reject) => {
      this.left = count;
      this.done = resolve;
      this.fail = reject;
    });
    const started = performance.now();
    await this.queue.addBulk(
      rows.map(({ id }) => ({ name: 'mail', data: { id }, opts: { removeOnComplete: true, removeOnFail: true } })),
    );
    await finished;
    return { count, seconds: (performance.now() - started) / 1000 };
  }

  async stop() {
    await this.worker.close();
    await this.queue.close();
    this.mailer.close();
    await this.pool.end();
  }
}
