// Every page of the console, and what it is asked for.

/** Not pages of the console, or not pages: what each is instead. */
const OTHERS = [
  /^\/(api|health|assets|queues|metrics|c|r|u|unsubscribe|cascade)(\/|$)/,
  /\/(live|html|text|export\.csv|[a-z-]+\.(csv|xlsx|zip))$/,
  /^\/sign-(in|out)(\/|$)/,
];

/** The paths of every GET route that answers with a page. */
export function pathsOf(app) {
  const { stack } = app.getHttpAdapter().getInstance().router;
  return stack
    .filter(({ route }) => route?.methods.get)
    .map(({ route }) => route.path)
    .filter((path) => typeof path === 'string' && !OTHERS.some((pattern) => pattern.test(path)));
}

/** @returns {Promise<{name: string, route: string, path: (round: number) => string}[]>} */
export async function pagesOf({ pool, nation }) {
  const column = async (query, values) => (await pool.query({ text: query, values, rowMode: 'array' })).rows.flat();
  const of = (list) => (round) => list[round % list.length];
  const accounts = of(await column('select id from account order by md5(id) limit 100'));
  const names = of(await column("select last_name from account where last_name <> '' order by md5(id) limit 100"));
  const fullNames = of(
    await column("select first_name || ' ' || last_name from account where last_name <> '' order by md5(id) limit 100"),
  );
  const addresses = of(await column('select email from account where email is not null order by md5(id) limit 100'));
  const practices = of(
    await column(
      "select code from organisation where is_gp_practice and status = 'active' order by md5(code) limit 100",
    ),
  );
  const commissioners = of(
    await column("select code from organisation where kind = 'commissioner' and status = 'active' order by code"),
  );
  const practiceNames = of(
    await column(
      "select name from organisation where is_gp_practice and status = 'active' order by md5(code) limit 100",
    ),
  );
  const messages = of(
    await column(
      `select message_id from delivery where dispatch_id = (select id from dispatch where campaign_id = $1)
       order by md5(message_id::text) limit 100`,
      [nation.finished],
    ),
  );
  const people = await pool.query(
    `select r.person_key, r.topic from plan_recipient r join plan on plan.id = r.plan_id
     where campaign_id = $1 and excluded is null order by md5(person_key) limit 100`,
    [nation.waiting.id],
  );
  const person = (round) => {
    const { person_key, topic } = people.rows[round % people.rows.length];
    return new URLSearchParams({ person: person_key, topic }).toString();
  };
  const windows = of(nation.windows);
  const [cascade] = await column('select id::text from cascade where campaign_id is not null');
  const [drill] = await column('select id::text from cascade where campaign_id is null');
  const regions = of(
    await column("select code from organisation where kind = 'region' and status = 'active' order by code"),
  );
  const [hook] = await column('select id::text from webhook limit 1');
  const signedIn = of(await column('select id::text from person limit 100'));
  const imports = of(await column('select id from import_batch'));
  const captured = of(nation.captured);
  const { waiting, sending, finished } = nation;
  const fixed = (name, path, route = path.split('?')[0]) => ({ name, route, path: () => path });
  const each = (name, route, path) => ({ name, route, path });
  return [
    fixed('home', '/'),
    fixed('campaigns', '/campaigns'),
    fixed('campaign that waits for approval', `/campaigns/${waiting.id}`, '/campaigns/:id'),
    fixed('campaign being sent', `/campaigns/${sending}`, '/campaigns/:id'),
    fixed('campaign that is finished', `/campaigns/${finished}`, '/campaigns/:id'),
    fixed('campaign: by region', `/campaigns/${sending}/regions`, '/campaigns/:id/regions'),
    fixed('campaign: messages', `/campaigns/${finished}/messages`, '/campaigns/:id/messages'),
    fixed('campaign: messages that failed', `/campaigns/${finished}/messages?state=failed`, '/campaigns/:id/messages'),
    fixed(
      'campaign: messages in a state of none',
      `/campaigns/${finished}/messages?state=complained`,
      '/campaigns/:id/messages',
    ),
    each(
      'campaign: messages further on',
      '/campaigns/:id/messages',
      (round) => `/campaigns/${finished}/messages?after=${messages(round)}`,
    ),
    fixed('campaign: people', `/campaigns/${waiting.id}/people`, '/campaigns/:id/people'),
    each(
      'campaign: people by name',
      '/campaigns/:id/people',
      (round) => `/campaigns/${waiting.id}/people?find=${encodeURIComponent(names(round))}`,
    ),
    each(
      'campaign: people by practice',
      '/campaigns/:id/people',
      (round) => `/campaigns/${waiting.id}/people?find=${practices(round)}`,
    ),
    each('campaign: preview', '/campaigns/:id/preview', (round) => `/campaigns/${waiting.id}/preview?${person(round)}`),
    fixed('campaign: each group', `/campaigns/${waiting.id}/segments`, '/campaigns/:id/segments'),
    fixed('campaign: new', '/campaigns/new'),
    each('message', '/messages/:id', (round) => `/messages/${messages(round)}`),
    fixed('people', '/people'),
    each('people by name', '/people', (round) => `/people?find=${encodeURIComponent(names(round))}`),
    each('people by full name', '/people', (round) => `/people?find=${encodeURIComponent(fullNames(round))}`),
    each('people by address', '/people', (round) => `/people?find=${encodeURIComponent(addresses(round))}`),
    each('people by practice', '/people', (round) => `/people?find=${practices(round)}`),
    each('people by account', '/people', (round) => `/people?find=${accounts(round)}`),
    each(
      'people by name of practice',
      '/people',
      (round) => `/people?find=${encodeURIComponent(practiceNames(round))}`,
    ),
    fixed('people by two letters', '/people?find=an'),
    fixed('people: nobody found', '/people?find=zzqx'),
    each('person', '/people/:id', (round) => `/people/${accounts(round)}`),
    each('worklist', '/people/worklists/:list', (round) => `/people/worklists/mismatched?page=${1 + (round % 50)}`),
    fixed('worklist of leavers', '/people/worklists/leavers', '/people/worklists/:list'),
    fixed('practices', '/practices'),
    fixed('practices, all', '/practices?show=all'),
    each('practice', '/practices/:code', (round) => `/practices/${practices(round)}`),
    each('commissioner', '/practices/:code', (round) => `/practices/${commissioners(round)}`),
    fixed('windows', '/windows'),
    fixed('window: new', '/windows/new'),
    each('window', '/windows/:id', (round) => `/windows/${windows(round)}`),
    each('window: move', '/windows/:id/move', (round) => `/windows/${windows(round)}/move`),
    each('window: reminders', '/windows/:id/reminders', (round) => `/windows/${windows(round)}/reminders`),
    each('window: simulation', '/windows/:id/simulation', (round) => `/windows/${windows(round)}/simulation`),
    fixed('cascades', '/cascades'),
    each('cascade: simulation', '/cascades/simulations/:id', (round) => `/cascades/simulations/${windows(round)}`),
    fixed('rehearsal: form', '/cascades/drills/new'),
    fixed(
      'rehearsal: check',
      '/cascades/drills/check?name=Rehearsal&everybody=yes&practices=no&contacts=1&launch=now',
      '/cascades/drills/check',
    ),
    fixed('cascade', `/cascades/${cascade}`, '/cascades/:id'),
    fixed('cascade: silent', `/cascades/${cascade}/silent`, '/cascades/:id/silent'),
    fixed('cascade: practices', `/cascades/${cascade}/practices`, '/cascades/:id/practices'),
    each('cascade: find', '/cascades/:id/find', (round) => `/cascades/${cascade}/find?find=${practices(round)}`),
    each(
      'cascade: practice',
      '/cascades/:id/organisations/:code',
      (round) => `/cascades/${cascade}/organisations/${practices(round)}`,
    ),
    each(
      'cascade: commissioner',
      '/cascades/:id/organisations/:code',
      (round) => `/cascades/${cascade}/organisations/${commissioners(round)}`,
    ),
    each(
      'cascade: region',
      '/cascades/:id/organisations/:code',
      (round) => `/cascades/${cascade}/organisations/${regions(round)}`,
    ),
    fixed('rehearsal', `/cascades/${drill}`, '/cascades/:id'),
    each(
      'rehearsal: commissioner',
      '/cascades/:id/organisations/:code',
      (round) => `/cascades/${drill}/organisations/${commissioners(round)}`,
    ),
    fixed('imports', '/imports'),
    each('import: undo', '/imports/:id/undo', (round) => `/imports/${imports(round)}/undo`),
    fixed('import: check', `/imports/checks/${nation.upload}`, '/imports/checks/:id'),
    fixed('delivery', '/delivery'),
    fixed('messages to decide', '/delivery/unknown'),
    fixed('stop all mail', '/delivery/stop'),
    fixed('blocked addresses', '/delivery/blocks'),
    fixed('returned messages', '/delivery/returned'),
    fixed('captured mail', '/inbox'),
    each('captured mail: search', '/inbox', (round) => `/inbox?subject=${round}`),
    each('captured message', '/inbox/:id', (round) => `/inbox/${captured(round)}`),
    fixed('settings', '/settings'),
    fixed('settings: people', '/settings/people'),
    each('settings: person', '/settings/people/:id', (round) => `/settings/people/${signedIn(round)}`),
    fixed('settings: keys', '/settings/keys'),
    fixed('settings: webhooks', '/settings/webhooks'),
    fixed('settings: webhook', `/settings/webhooks/${hook}`, '/settings/webhooks/:id'),
    fixed('settings: retention', '/settings/retention'),
    each('settings: audit by name', '/settings/audit', (round) => `/settings/audit?who=Sample%20${round}`),
    fixed('settings: audit by kind and day', '/settings/audit?area=campaign&from=2026-09-01&to=2026-09-10'),
    fixed('settings: audit', '/settings/audit'),
    each('settings: audit of one campaign', '/settings/audit', () => `/settings/audit?subject=campaign:${sending}`),
  ];
}
