import { Module } from '@nestjs/common';
import { sql } from 'kysely';
import { type Registry } from 'prom-client';
import request from 'supertest';
import { apiDocument } from '../../src/platform/api/index.js';
import { HealthModule, ReadinessChecks, SchedulerHeartbeat } from '../../src/platform/health/index.js';
import { HandlesJob, type JobHandler, type JobName, JOBS, JobsModule } from '../../src/platform/jobs/index.js';
import { METRICS } from '../../src/platform/metrics/index.js';
import { type TestApp, testApp } from './access-http.support.js';

/** The application does not start with a job that nobody handles. */
const handlers = (Object.keys(JOBS) as JobName[]).map((name) => {
  @HandlesJob(name)
  class Handler implements JobHandler<JobName> {
    handle(): Promise<void> {
      return Promise.resolve();
    }
  }
  return Handler;
});

@Module({ providers: handlers })
class HandlersModule {}

let harness: TestApp;
let http: ReturnType<typeof request>;
let mailIsDown = false;

const start = async (roles: string): Promise<TestApp> =>
  testApp({ ROLES: roles, QUEUE_PREFIX: 'health_test' }, { imports: [JobsModule, HandlersModule, HealthModule] });
const ready = async (): Promise<{ status: number; down: string[]; text: string }> => {
  const answer = await http.get('/health/ready');
  const details = (answer.body as { details: Record<string, { status: string }> }).details;
  const down = Object.entries(details).filter(([, { status }]) => status === 'down');
  return { status: answer.status, down: down.map(([name]) => name), text: answer.text };
};

beforeAll(async () => {
  harness = await start('web,scheduler');
  http = request(harness.app.getHttpServer());
  harness.app
    .get(ReadinessChecks)
    .add('mail', () => (mailIsDown ? Promise.reject(new Error('secret reason')) : Promise.resolve(undefined)));
});
afterAll(async () => {
  await harness[Symbol.asyncDispose]();
});

describe('readiness', () => {
  it('is given when database, migrations, queue and schedule are in order, without anybody signing in', async () => {
    expect(await ready()).toMatchObject({ status: 200, down: [] });
    await http.get('/health/live').expect(200, { status: 'ok' });
  });

  it('is refused by a scheduler process whose schedule stopped, and given again at its next tick', async () => {
    await sql`update scheduler_heartbeat set beat_at = now() - interval '61 seconds'`.execute(harness.database.db);
    expect(await ready()).toMatchObject({ status: 503, down: ['scheduler'] });
    const metrics = harness.app.get<Registry>(METRICS, { strict: false });
    const silence = async () => Number(/^scheduler_silent_seconds (.+)$/m.exec(await metrics.metrics())?.[1]);
    expect(await silence()).toBeGreaterThan(60);
    await harness.app.get(SchedulerHeartbeat, { strict: false }).beat();
    expect(await ready()).toMatchObject({ status: 200 });
    expect(await silence()).toBeLessThan(30);
  });

  it('does not depend on the schedule in other processes', async () => {
    await using web = await start('web');
    const answer = await request(web.app.getHttpServer()).get('/health/ready').expect(200);
    expect(Object.keys((answer.body as { details: object }).details)).toEqual(['database', 'migrations', 'queue']);
  });

  it('is refused while a part added by another module is down, without saying why', async () => {
    mailIsDown = true;
    const answer = await ready();
    mailIsDown = false;
    expect(answer).toMatchObject({ status: 503, down: ['mail'] });
    expect(answer.text).not.toContain('secret');
    const again = (): void => {
      harness.app.get(ReadinessChecks).add('mail', () => Promise.resolve(undefined));
    };
    expect(again).toThrow('twice');
  });

  it('is refused while migrations are pending', async () => {
    await sql`delete from kysely_migration where name like '0100%'`.execute(harness.database.db);
    expect(await ready()).toMatchObject({ status: 503, down: ['migrations'] });
  });
});

describe('a process without the role web', () => {
  it('answers its health and its metrics, and nothing else', async () => {
    await using machine = await start('worker,scheduler');
    const bare = request(machine.app.getHttpServer());
    const status = async (path: string) => (await bare.get(path)).status;
    const asked = ['/health/live', '/health/ready', '/metrics', '/', '/sign-in', '/api/v1/me', '/api/v1/openapi.json'];
    expect(await Promise.all(asked.map(status))).toEqual([200, 200, 401, 404, 404, 404, 404]);
    await bare.post('/api/v1/api-keys').send({}).expect(404);
  });
});

describe('the description of the API', () => {
  it('has the schemas, their examples and the problem documents', () => {
    const document = apiDocument(harness.app);
    const schemas = document.components?.schemas ?? {};
    expect(Object.keys(schemas)).toEqual(
      expect.arrayContaining(['NewApiKey', 'CreatedApiKey', 'ApiKeyPage', 'Me', 'Person', 'AuditPage', 'Problem']),
    );
    expect(schemas['NewApiKey']).toMatchObject({ example: { permissions: ['status:report'] } });
    const post = document.paths['/api/v1/api-keys']?.post;
    expect(post?.parameters).toContainEqual(expect.objectContaining({ name: 'Idempotency-Key', in: 'header' }));
    expect(document.paths['/api/v1/people/{id}']?.put?.parameters).toContainEqual(
      expect.objectContaining({ name: 'If-Match', in: 'header', required: true }),
    );
    expect(post?.responses['409']).toMatchObject({
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    });
    expect(Object.keys(document.paths).filter((path) => !path.startsWith('/api/v1/'))).toEqual([]);
    const references = JSON.stringify(document).match(/#\/components\/schemas\/[A-Za-z]+/g) ?? [];
    expect(references.filter((reference) => !(reference.split('/').at(-1)! in schemas))).toEqual([]);
  });
});
