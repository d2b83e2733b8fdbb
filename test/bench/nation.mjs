// A service that has run for a year: 100,000 accounts, 1,000,000 messages in the ledger, and all that comes with them.
// The people are the demo's, several times over; one campaign is planned by the service, and the ledger is written from
// its plan by SQL, because sending a million messages takes minutes.
import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashOf } from '../../dist/access/audit-chain.rules.js';
import { permissionsOf } from '../../dist/access/index.js';
import { CampaignRunner, CampaignService } from '../../dist/campaigns/index.js';
import { CascadeFreezer, ESCALATION_PAST_COMMISSIONERS, ScriptedCascade } from '../../dist/cascades/index.js';
import { UploadStore } from '../../dist/console/upload.store.js';
import { DeadlinesService, DeclarationFeed } from '../../dist/deadlines/index.js';
import { CaptureInbox } from '../../dist/delivery/index.js';
import { FeedbackService } from '../../dist/feedback/index.js';
import { Clock } from '../../dist/shared/clock.js';
import { applied, ACTOR, FIXTURES } from './service.mjs';

export const NOW = new Date('2026-09-16T09:30:00+01:00');
const DAY = 86_400_000;

export function colleague(role, id = randomUUID()) {
  return { id: `person:${id}`, kind: 'person', name: `The ${role}`, roles: [role], permissions: permissionsOf([role]) };
}

/**
 * @param {import('pg').Pool} pool
 * @param {{accounts: number, messages: number, auditEntries: number, captured: number}} size
 * @returns what a page needs to be asked for: ids of each kind of thing
 */
export async function settleNation({ get, pool, size, say }) {
  const facts = {};
  facts.accounts = await multiplyPeople(pool, size.accounts);
  say(`${facts.accounts} accounts`);
  const windows = await addWindows(get);
  const author = colleague('author');
  const campaigns = get(CampaignService);
  const { id } = await campaigns.create(
    { name: 'Sign-in change and September cutoff', kind: 'sign-in-notice', windowId: windows[0] },
    author,
  );
  const { id: planId, hash } = await campaigns.plan(id);
  await campaigns.submit(id, author);
  say('planned one campaign');
  const history = [];
  let messages = 0;
  for (let n = 1; messages < size.messages; n += 1) {
    // The newest is half sent, with messages that a person has to decide about; the others are history.
    const copy = await copyCampaign(pool, { id, planId, n, isSending: n === 1, most: size.messages - messages });
    history.push(copy);
    messages += copy.messages;
    say(`${messages} messages in ${n} campaigns`);
  }
  facts.messages = messages;
  await addCascade({ get, pool, windowId: windows[0] });
  say('a cascade of a week');
  await addReports(pool, get);
  await addAudit(pool, size.auditEntries, [id, ...history.map((each) => each.id)]);
  await addPeopleAndKeys(pool);
  const { captured, upload } = await addBesides({ pool, get, captured: size.captured });
  say('reports, trail, people, webhooks, a cascade and captured mail');
  await pool.query('vacuum analyze');
  return {
    facts: { ...facts, campaigns: history.length + 1, windows: windows.length },
    waiting: { id, hash },
    sending: history[0].id,
    finished: history.at(-1).id,
    windows,
    captured,
    upload,
  };
}

/**
 * A request to the whole country that has gone on for a week: seven regions, their commissioners and every practice, with
 * answers by the demo's script, escalations, and some that never answer.
 */
export async function addCascade({ get, pool, windowId }) {
  const clock = get(Clock);
  const until = clock.now();
  clock.moveTo(new Date(until.getTime() - 7 * DAY));
  const campaigns = get(CampaignService);
  const author = colleague('author');
  const request = { name: 'Please cascade to your practices', kind: 'cascade-request', windowId };
  const { id } = await campaigns.create(request, author);
  const { hash } = await campaigns.plan(id);
  await campaigns.submit(id, author);
  await campaigns.approve(id, hash, colleague('approver'));
  await get(CascadeFreezer).freeze(id, ESCALATION_PAST_COMMISSIONERS);
  await campaigns.schedule(id, colleague('operator'));
  await get(CampaignRunner).runDueSteps(id);
  // No worker runs here: what is planned has arrived.
  const deliver = () =>
    pool.query(
      `update delivery set state = 'accepted', attempt = 1, code = 250, accepted_at = $2, state_changed_at = $2
       where dispatch_id in (select id from dispatch where campaign_id = $1) and state <> 'accepted'`,
      [id, clock.now()],
    );
  await deliver();
  await get(ScriptedCascade).run({ campaignId: id, clock, until, eachDay: deliver });
  await deliver();
  await pool.query(`update dispatch set state = 'finished', state_changed_at = $2 where campaign_id = $1`, [id, until]);
  clock.moveTo(until);
}

/** What no campaign needs and pages show: a webhook's log, a cascade, captured mail, an upload that waits. */
export async function addBesides({ pool, get, captured }) {
  await addWebhook(pool);
  await get(CascadeFreezer).drill({ name: 'Cascade of the bench' }, colleague('admin'));
  return { captured: await captureMail(get(CaptureInbox), captured), upload: await stageUpload(get(UploadStore)) };
}

/** The demo's people again and again, each time under other addresses: every sign-in group keeps its share. */
async function multiplyPeople(pool, wanted) {
  const { rows } = await pool.query('select count(*)::int as known from account');
  const { known } = rows[0];
  for (let copy = 1; known * copy < wanted; copy += 1) {
    const share = wanted - known * copy;
    await pool.query('create temporary table chosen as select id from account where id !~ $1 order by id limit $2', [
      '-',
      share,
    ]);
    const again = (column) => `case when ${column} is null then null else 'k${copy}.' || ${column} end`;
    await pool.query(`
      insert into account (id, first_name, last_name, email, email_normalised, status, last_sign_in, name_key, gone_at,
        facts_hash, batch_id)
      select id || '-${copy}', first_name, lag(last_name, ${copy * 37}, last_name) over (order by id), ${again('email')},
        ${again('email_normalised')}, status, last_sign_in,
        case when name_key = '' then '' else name_key || ' ${copy}' end, gone_at, facts_hash, batch_id
      from account join chosen using (id) order by id`);
    await pool.query(`
      insert into membership select account_id || '-${copy}', organisation_code, roles, unknown_roles
      from membership join chosen on chosen.id = account_id`);
    await pool.query(`
      insert into no_nhsmail select account_id || '-${copy}', confirmed_on, batch_id
      from no_nhsmail join chosen on chosen.id = account_id`);
    await pool.query(`
      insert into nhsmail_entry (address, first_name, last_name, name_key, organisation_code, type, status,
        cqrs_account_id, gone_at, facts_hash, batch_id)
      select 'k${copy}.' || address, first_name, last_name,
        case when name_key = '' then '' else name_key || ' ${copy}' end, organisation_code, type, status,
        cqrs_account_id || '-${copy}', gone_at, facts_hash, batch_id
      from nhsmail_entry where address !~ '^k\\d\\.'`);
    await pool.query(`
      insert into nhsmail_alias select 'k${copy}.' || alias, 'k${copy}.' || address
      from nhsmail_alias where address !~ '^k\\d\\.'`);
    await pool.query('drop table chosen');
  }
  await pool.query('analyze');
  return (await pool.query('select count(*)::int as known from account')).rows[0].known;
}

/** Two years of rounds, a month apart; the first is the one that is coming. */
async function addWindows(get) {
  const deadlines = get(DeadlinesService);
  await get(DeclarationFeed)
    .importDeclarations(join(FIXTURES, 'demo', 'declarations-1.csv'), { actor: ACTOR })
    .then(applied);
  const ids = [];
  for (let month = 0; month > -24; month -= 1) {
    const day = (date) => new Date(Date.UTC(2026, 8 + month, date)).toISOString().slice(0, 10);
    const window = await deadlines.createWindow(
      {
        name: `Round of ${day(18)}`,
        ...{ cutoff: `${day(18)}T12:00`, reopening: `${day(23)}T08:00`, pcse: `${day(28)}T08:00` },
        signInChange: `${day(23)}T08:00`,
      },
      ACTOR,
    );
    ids.push(window.id);
  }
  return ids;
}

async function copyCampaign(pool, { id, planId, n, isSending, most }) {
  const copy = { id: randomUUID(), plan: randomUUID(), dispatch: randomUUID() };
  const due = new Date(NOW.getTime() - (isSending ? DAY / 24 : n * 31 * DAY));
  await pool.query(
    `insert into campaign (id, name, kind, window_id, audience, options, launch_at, state, author, approved_plan_id,
       approved_hash, approved_by, approved_at, created_at, updated_at)
     select $1, name || ' ' || $2::int, kind, window_id, audience, options, $3::timestamptz, $4, author, $5,
       md5($2::int::text), 'person:' || gen_random_uuid(), $3::timestamptz - interval '1 hour',
       $3::timestamptz - interval '1 day', $3
     from campaign where id = $6`,
    [copy.id, n, due, isSending ? 'sending' : 'finished', copy.plan, id],
  );
  await pool.query(
    `insert into plan (id, campaign_id, made_at, hash, summary)
     select $1::uuid, $2, $3::timestamptz - interval '2 hours', md5($1::uuid::text), summary from plan where id = $4`,
    [copy.plan, copy.id, due, planId],
  );
  await pool.query(
    `insert into plan_recipient select $1::uuid as plan_id, r.person_key, r.topic, r.account_ids, r.organisation_codes,
       r.region_code, r.commissioner_code, r.segment, r.rule, r.route, r.address, r.template, r.values, r.obligations,
       r.excluded
     from plan_recipient r where plan_id = $2`,
    [copy.plan, planId],
  );
  await pool.query(
    `insert into dispatch (id, campaign_id, purpose, due_at, expires_at, state, created_at, state_changed_at)
     values ($1, $2, 'sign-in-notice:launch', $3::timestamptz, $3::timestamptz + interval '2 days', $4, $3, $3)`,
    [copy.dispatch, copy.id, due, isSending ? 'running' : 'finished'],
  );
  await pool.query(
    `insert into campaign_step (campaign_id, step_id, label, due_at, state, handled_at)
     values ($1, 'launch', 'Launch', $2, 'dispatched', $2)`,
    [copy.id, due],
  );
  const { rowCount: messages } = await pool.query(
    `insert into message (id, campaign_id, dispatch_id, ordinal, person_key, purpose, account_ids, organisation_codes,
       route, segment, address, address_hash, template, template_version, values)
     select gen_random_uuid(), $1, $2, row_number() over (order by person_key, topic), person_key,
       'sign-in-notice:launch:' || topic, account_ids, organisation_codes, 'direct', segment, address, md5(address),
       template, 'bench', values
     from plan_recipient where plan_id = $3 and excluded is null order by person_key, topic limit $4`,
    [copy.id, copy.dispatch, copy.plan, most],
  );
  // Five hundred a minute while it is being sent, a thousand of the history.
  await pool.query(
    `insert into delivery (dispatch_id, ordinal, message_id, state, attempt, code, transport, accepted_at,
       state_changed_at)
     select $1, ordinal, id, state::message_state, case when state = 'queued' then 0 else 1 end,
       case when state = 'accepted' then 250 end, 'smtp mail.example.test:25',
       case when state in ('accepted', 'bounced') then at end, at
     from (
       select ordinal, id, $3::timestamptz + ordinal * interval '1 minute' / $5 as at, case
         when $2 and ordinal > $4 then 'queued'
         when $2 and ordinal % 250 = 0 then 'unknown'
         when ordinal % 97 = 0 then 'bounced'
         when ordinal % 211 = 0 then 'failed'
         else 'accepted' end as state
       from message where dispatch_id = $1
     ) as outcome order by ordinal`,
    [copy.dispatch, isSending, due, Math.round(messages / 2), isSending ? messages / 110 : 1_000],
  );
  await pool.query('update dispatch set planned = $2 where id = $1', [copy.dispatch, messages]);
  return { ...copy, messages };
}

/**
 * Bounces: twenty thousand that acted by themselves with the blocks they led to, two thousand of them from NHSmail
 * addresses that are gone, and one that waits for somebody.
 */
async function addReports(pool, get) {
  await get(FeedbackService).ingest(await readFile(join(FIXTURES, 'dsn', 'lhost-postfix-10.eml')), { source: 'cli' });
  await pool.query(
    `
    insert into feedback_report (id, sha256, source, received_at, kind, message_id, state, state_reason,
      state_changed_at, excerpt)
    select gen_random_uuid(), sha256(n::text::bytea), 'imap', $1::timestamptz - n * interval '20 minutes',
      case when n % 3 = 0 then 'soft' else 'hard' end, null,
      case when n % 100 = 0 then 'review' else 'applied' end,
      case when n % 100 = 0 then 'unsigned' else 'applied' end, $1, '550 5.1.1 unknown'
    from generate_series(1, 20000) as n`,
    [NOW],
  );
  await pool.query(
    `
    insert into suppression (address, reason, source, created_at)
    select 'gone' || n || '@example.test', 'hard-bounce', 'report:bench', $1::timestamptz - n * interval '1 hour'
    from generate_series(1, 10000) as n`,
    [NOW],
  );
  await pool.query(`
    with report as (
      select id, received_at, row_number() over (order by id) as n from feedback_report
      where kind = 'hard' and state = 'applied'
    ), gone as (
      select id, address, row_number() over (order by id) as n from message
      where address ~ '@nhs\\.net$' and dispatch_id = (select dispatch_id from message limit 1) limit 2000
    ), failure as (
      insert into feedback_failure (report_id, message_id, address, kind, reason, occurred_at)
      select report.id, gone.id, address, 'hard', 'user-unknown', received_at from report join gone using (n)
      returning report_id, address, occurred_at
    )
    insert into suppression (address, reason, source, created_at)
    select address, 'hard-bounce', 'report:' || report_id, occurred_at from failure`);
}

/** A true chain, so that it can be verified. */
async function addAudit(pool, count, campaigns) {
  const { rows } = await pool.query('select sequence, hash from audit_head');
  let { sequence, hash } = rows[0];
  for (let from = 0; from < count; from += 5_000) {
    const entries = Array.from({ length: Math.min(5_000, count - from) }, (_, i) => {
      const content = {
        ...{ sequence: ++sequence, at: new Date(NOW.getTime() - (count - from - i) * 60_000), actor: ACTOR },
        ...{ action: i % 5 === 0 ? 'person.signed-in' : 'campaign.step-dispatched', details: { messages: i } },
        ...{ subject: `campaign:${campaigns[i % campaigns.length]}`, previousHash: hash },
      };
      hash = hashOf(content);
      return { ...content, previous_hash: content.previousHash, hash };
    });
    await pool.query(
      `insert into audit_entry (sequence, at, actor, action, subject, details, previous_hash, hash)
       select sequence, at, actor, action, subject, details, previous_hash, hash
       from json_populate_recordset(null::audit_entry, $1)`,
      [JSON.stringify(entries)],
    );
    await pool.query('update audit_head set sequence = $1, hash = $2', [sequence, hash]);
  }
}

async function addPeopleAndKeys(pool) {
  await pool.query(
    `
    insert into person (id, issuer, subject, display_name, roles, created_at)
    select gen_random_uuid(), 'https://sign-in.example.test', 'person ' || n, 'Testa Sample ' || n,
      array[case n % 4 when 0 then 'author' when 1 then 'approver' when 2 then 'operator' else 'viewer' end], $1
    from generate_series(1, 300) as n`,
    [NOW],
  );
  await pool.query(
    `
    insert into api_key (id, prefix, secret_hash, name, permissions, created_by, created_at, expires_at)
    select gen_random_uuid(), substr(md5(n::text), 1, 12), md5(n::text) || md5(n::text), 'Program ' || n,
      array['status:report'], '${ACTOR}', $1, $1::timestamptz + interval '90 days'
    from generate_series(1, 60) as n`,
    [NOW],
  );
}

/** One that was told fifty thousand things. */
async function addWebhook(pool) {
  await pool.query(
    `insert into webhook (id, url, description, events, sealed_secret, state, created_by, created_at)
     values ($1, 'https://hooks.example.test/', 'Bench', array['campaign.state-changed'], '', 'active', '${ACTOR}', $2)`,
    [randomUUID(), NOW],
  );
  await pool.query(
    `
    with event as (
      insert into webhook_event (type, occurred_at, data)
      select 'campaign.state-changed', $1::timestamptz - n * interval '1 minute', '{}' from generate_series(1, 50000) as n
      returning id, occurred_at
    )
    insert into webhook_delivery (webhook_id, event_id, state, attempts, last_attempt_at, last_status)
    select webhook.id, event.id, 'delivered', 1, event.occurred_at, 204 from webhook, event`,
    [NOW],
  );
}

/** @returns the ids of the newest hundred. */
async function captureMail(inbox, count) {
  for (let from = 0; from < count; from += 500) {
    await Promise.all(
      Array.from({ length: Math.min(500, count - from) }, (_, i) => {
        const to = `testa.sample${from + i}@example.test`;
        const head = `From: cqrs@example.test\r\nTo: ${to}\r\nSubject: Message ${from + i}\r\nMIME-Version: 1.0`;
        const mail = `${head}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>${'Dear colleague. '.repeat(100)}</p>\r\n`;
        return inbox.add('cqrs@example.test', [to], Buffer.from(mail));
      }),
    );
  }
  return (await inbox.search({ limit: 100 })).items.map(({ id }) => id);
}

async function stageUpload(uploads) {
  const path = join(tmpdir(), `bench-${randomUUID()}.csv`);
  await writeFile(path, 'a');
  const rows = Array.from({ length: 1_000 }, (_, i) => ({
    ...{
      file: 'accounts.csv',
      row: i + 2,
      column: 'email',
      valueClass: 'text',
      message: 'Is no address',
      remedy: 'Mend it',
    },
  }));
  const report = {
    ...{ kind: 'accounts', applied: false, dryRun: true, added: 0, changed: 0, gone: 0, unchanged: 0, files: [] },
    ...{ warnings: [], faults: rows, faultCount: rows.length, ignoredColumns: [], cleanUps: {} },
  };
  const { id } = await uploads.check('accounts', { path, originalname: 'accounts.csv' }, async () => report);
  return id;
}
