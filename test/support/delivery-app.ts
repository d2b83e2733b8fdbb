import { randomUUID } from 'node:crypto';
import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Type } from '@nestjs/common';
import { type Registry } from 'prom-client';
import { type TestingModule, Test } from '@nestjs/testing';
import { AuditModule } from '../../src/access/index.js';
import { DeadlinesService } from '../../src/deadlines/index.js';
import {
  DeliveryModule,
  Ledger,
  type NewDispatch,
  type NewMessage,
  Reconciler,
  SuppressionList,
  TransportWrappingModule,
  type WrapTransport,
} from '../../src/delivery/index.js';
import {
  DEFAULT_DELIVERY_OPTIONS,
  DELIVERY_OPTIONS,
  type DeliveryOptions,
} from '../../src/delivery/delivery.options.js';
import { MAIL_ROUTES, type MailRoute } from '../../src/delivery/mail-routes.js';
import { SliceSender } from '../../src/delivery/slice.sender.js';
import { TransportPace } from '../../src/delivery/transport.pace.js';
import { type Config, ConfigModule, loadConfig } from '../../src/platform/config/index.js';
import { DatabaseModule, type DatabaseServer } from '../../src/platform/database/index.js';
import { METRICS, MetricsModule } from '../../src/platform/metrics/index.js';
import { JobQueue, JobsModule } from '../../src/platform/jobs/index.js';
import { NoTracing, Tracing } from '../../src/platform/tracing/index.js';
import { DEFAULT_TEMPLATES_DIR, TemplateCatalogue, TEMPLATES_DIR } from '../../src/rendering/index.js';
import { type Clock, FixedClock } from '../../src/shared/clock.js';

/** A Monday in office hours. */
export const MONDAY = new Date('2026-09-14T08:00:00+01:00');
export const TEMPLATE = 'sign-in-nhsmail';
export const REMINDER = 'payment-reminder-practice';

export interface DeliverySetting {
  readonly server: DatabaseServer;
  readonly smtpUrl?: string;
  readonly redisUrl?: string;
  readonly queuePrefix?: string;
  readonly clock?: Clock;
  readonly config?: Partial<Config>;
  readonly options?: Partial<DeliveryOptions>;
  readonly tracing?: Tracing;
  readonly wrapTransport?: WrapTransport;
  readonly modules?: readonly Type[];
}

/** The delivery engine as the application wires it: real database, real queue, real SMTP; only the schedule is by hand. */
export class DeliveryApp implements AsyncDisposable {
  private constructor(
    private readonly app: TestingModule,
    readonly clock: Clock,
  ) {}

  static async start(setting: DeliverySetting): Promise<DeliveryApp> {
    const clock = setting.clock ?? new FixedClock(MONDAY);
    const config: Config = {
      ...loadConfig({ NODE_ENV: 'test', SECRET: 'a secret of the tests, forty characters!', TRIAL_MODE: 'off' }),
      smtpUrl: setting.smtpUrl,
      redisUrl: setting.redisUrl,
      queues: ['delivery'],
      queuePrefix: setting.queuePrefix ?? `q${randomUUID().replaceAll('-', '').slice(0, 12)}`,
      dataDir: join(process.env['TEST_DATA_DIR'] ?? tmpdir(), `app-${randomUUID().slice(0, 8)}`),
      ...setting.config,
    };
    const app = await Test.createTestingModule({
      imports: [
        ConfigModule.with(config, clock),
        DatabaseModule.on(setting.server),
        AuditModule,
        JobsModule,
        MetricsModule,
        ...(setting.wrapTransport ? [TransportWrappingModule.by(setting.wrapTransport)] : []),
        DeliveryModule,
        ...(setting.modules ?? []),
      ],
    })
      .overrideProvider(TEMPLATES_DIR)
      .useValue(await fewTemplates())
      .overrideProvider(Tracing)
      .useValue(setting.tracing ?? new NoTracing())
      .overrideProvider(DELIVERY_OPTIONS)
      .useValue({ ...DEFAULT_DELIVERY_OPTIONS, acknowledgeEveryMs: 20, screeningSeconds: 0, ...setting.options })
      .compile();
    app.useLogger(['error', 'fatal']);
    await app.init();
    return new DeliveryApp(app, clock);
  }

  get ledger(): Ledger {
    return this.app.get(Ledger);
  }
  get suppressions(): SuppressionList {
    return this.app.get(SuppressionList);
  }
  get reconciler(): Reconciler {
    return this.app.get(Reconciler);
  }
  get sender(): SliceSender {
    return this.app.get(SliceSender);
  }
  get pace(): TransportPace {
    return this.app.get(TransportPace);
  }
  get routes(): readonly MailRoute[] {
    return this.app.get(MAIL_ROUTES);
  }
  get deadlines(): DeadlinesService {
    return this.app.get(DeadlinesService, { strict: false });
  }
  get metrics(): Registry {
    return this.app.get(METRICS, { strict: false });
  }
  get<T>(part: Type<T>): T {
    return this.app.get(part, { strict: false });
  }
  get jobs(): JobQueue {
    return this.app.get(JobQueue, { strict: false });
  }
  get catalogue(): TemplateCatalogue {
    return this.app.get(TemplateCatalogue, { strict: false });
  }

  /** Plans one dispatch to invented people, due now, in a campaign of its own. */
  async plan(
    people: number,
    dispatch: Partial<NewDispatch> = {},
    message: Partial<NewMessage> = {},
  ): Promise<NewDispatch> {
    const planned: NewDispatch = {
      id: randomUUID(),
      campaignId: randomUUID(),
      purpose: 'sign-in',
      dueAt: this.clock.now(),
      expiresAt: null,
      ...dispatch,
    };
    await this.ledger.plan(planned, this.people(people, message));
    return planned;
  }

  *people(count: number, message: Partial<NewMessage> = {}): Generator<NewMessage> {
    const template = this.catalogue.get(TEMPLATE);
    for (let i = 1; i <= count; i += 1) {
      yield {
        personKey: `person-${i}`,
        accountIds: [`U${i}`],
        organisationCodes: [`A8${String(1000 + (i % 50))}`],
        route: 'direct',
        segment: 'nhsmail',
        address: addressOf(i),
        template: TEMPLATE,
        templateVersion: template.version,
        values: template.sample,
        ...message,
      };
    }
  }

  /** Lets the schedule tick until the condition holds; says how far things came when it never does. */
  async until(condition: () => boolean | Promise<boolean>, campaignId?: string, seconds = 20): Promise<void> {
    const deadline = performance.now() + seconds * 1_000;
    while (!(await condition())) {
      if (performance.now() > deadline) {
        const progress =
          campaignId === undefined ? '' : JSON.stringify((await this.ledger.progress({ campaignId })).states);
        throw new Error(`It did not come to pass in ${seconds} s: ${condition.toString()} ${progress}`);
      }
      await this.reconciler.reconcile();
      await delay(20);
    }
  }

  async untilFinished({ campaignId }: { campaignId: string }, seconds = 20): Promise<void> {
    await this.until(() => this.ledger.isFinished({ campaignId }), campaignId, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app.close();
  }
}

let folder: Promise<string> | undefined;

/** A folder with the templates that these tests send: compiling all of them costs each application a second. */
export function fewTemplates(): Promise<string> {
  folder ??= (async () => {
    const copy = await mkdtemp(join(process.env['TEST_DATA_DIR'] ?? tmpdir(), 'templates-'));
    for (const name of [TEMPLATE, REMINDER, 'partials']) {
      await cp(join(DEFAULT_TEMPLATES_DIR, name), join(copy, name), { recursive: true });
    }
    return copy;
  })();
  return folder;
}

export function addressOf(person: number): string {
  return `testa.sample${person}@nhs.net`;
}
