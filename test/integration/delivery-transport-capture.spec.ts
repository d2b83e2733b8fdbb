import { appendFile, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CaptureInbox, type CapturedItem, type InboxSearch } from '../../src/delivery/capture.inbox.js';
import { CaptureTransport } from '../../src/delivery/capture.transport.js';
import { prepareComposer } from '../../src/delivery/mime.composer.js';
import { ByteWriter } from '../../src/shared/byte-writer.js';
import { createTransport } from '../../src/delivery/transport.factory.js';

const pdf = { filename: 'Guidance.pdf', contentType: 'application/pdf', content: Buffer.from('%PDF-1.7 test') };
const composer = prepareComposer({
  from: { name: 'The CQRS team', address: 'cqrs-comms@example.test' },
  messageIdDomain: 'example.test',
  attachments: [pdf],
});

const encoded = (body: string) => (out: ByteWriter) => {
  out.ascii(body);
};
function mail(name: string, subject = `Declare before midday – ${name}`) {
  const to = `${name}@example.test`;
  const mime = composer.compose(
    {
      ...{ id: name, subject, to: { name: 'Testa Sample', address: to }, date: new Date('2026-09-14T08:00:00Z') },
      text: encoded(`Dear ${name}, practice A81=\r\n001 must declare =E2=80=93 soon.\r\n.=\r\n.\r\n`),
      html: encoded(`<p>Dear ${name}</p>\r\n`),
    },
    new ByteWriter(),
  );
  return { id: name, from: 'bounces@example.test', to, mime };
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbox-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function filled(names: readonly string[], inbox = new CaptureInbox(folder)): Promise<CaptureInbox> {
  const transport = new CaptureTransport(inbox);
  for (const name of names) expect(await transport.send(mail(name))).toMatchObject({ kind: 'accepted' });
  await transport.close();
  return inbox;
}

async function everyPage(inbox: CaptureInbox, search: InboxSearch): Promise<CapturedItem[]> {
  const page = await inbox.search(search);
  if (page.next === undefined) return [...page.items];
  return [...page.items, ...(await everyPage(inbox, { ...search, after: page.next }))];
}

describe('the capture inbox', () => {
  it('opens a captured message as it was sent, by the id that the server answered', async () => {
    const inbox = new CaptureInbox(folder);
    const transport = new CaptureTransport(inbox);
    const sent = mail('ann');
    const outcome = await transport.send(sent);
    const id = /Captured as (\S+)/.exec('response' in outcome ? outcome.response : '')?.[1] ?? '';
    const opened = await inbox.get(id);
    expect(opened.raw.equals(sent.mime)).toBe(true);
    expect(opened).toMatchObject({
      from: 'bounces@example.test',
      to: 'ann@example.test',
      subject: 'Declare before midday – ann',
      date: '2026-09-14T08:00:00.000Z',
      text: 'Dear ann, practice A81001 must declare – soon.\n..\n',
      html: '<p>Dear ann</p>\n',
      attachments: [pdf],
    });
    expect(opened.headers).toContainEqual({ name: 'Auto-Submitted', value: 'auto-generated' });
    await transport.close();
  });

  it('is searched by recipient, subject and text, newest first, page by page', async () => {
    const inbox = await filled(['ann', 'bob', 'cat', 'dan', 'eve', 'anneliese']);
    const found = async (search: Omit<InboxSearch, 'limit'>): Promise<string[]> =>
      (await everyPage(inbox, { ...search, limit: 2 })).map(({ to }) => to.split('@')[0] ?? '');
    expect(await found({})).toEqual(['anneliese', 'eve', 'dan', 'cat', 'bob', 'ann']);
    expect(await found({ to: 'ANN' })).toEqual(['anneliese', 'ann']);
    expect(await found({ subject: 'midday – d' })).toEqual(['dan']);
    expect(await found({ text: 'practice a81001  MUST' })).toHaveLength(6);
    expect(await found({ text: 'dear eve', to: 'ann' })).toEqual([]);
    expect(await inbox.count()).toBe(6);
    await inbox.close();
  });

  it('is there again after a restart, and after a crash in the middle of a block', async () => {
    await filled(['ann', 'bob']);
    const [segment] = await readdir(folder);
    const whole = await readFile(join(folder, segment!));
    await appendFile(join(folder, segment!), whole.subarray(0, whole.length / 3));
    const inbox = await filled(['cat']);
    expect((await everyPage(inbox, { limit: 10 })).map(({ to }) => to)).toEqual([
      ...['cat@example.test', 'bob@example.test', 'ann@example.test'],
    ]);
    await inbox.close();
  });

  it('keeps what it confirmed when many connections deliver at once, in order enough to page through', async () => {
    const inbox = new CaptureInbox(folder);
    const transport = new CaptureTransport(inbox);
    const names = Array.from({ length: 400 }, (_, i) => `person${i}`);
    const outcomes = await Promise.all(names.map((name) => transport.send(mail(name))));
    expect(outcomes.every(({ kind }) => kind === 'accepted')).toBe(true);
    const listed = await everyPage(inbox, { limit: 37 });
    expect(new Set(listed.map(({ to }) => to)).size).toBe(400);
    expect(listed).toHaveLength(400);
    await transport.close();
  });

  it('is bounded: the oldest go first', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `p${i}`);
    const inbox = await filled(names, new CaptureInbox(folder, { messages: 20, bytes: 1024 ** 2 }));
    const kept = await everyPage(inbox, { limit: 50 });
    expect(kept.length).toBeLessThanOrEqual(20);
    expect(kept.length).toBeGreaterThanOrEqual(16);
    expect(kept[0]?.to).toBe('p59@example.test');
    await inbox.close();
  });

  it('goes on when another process drops a file at the same moment', async () => {
    const inbox = await filled(['ann']);
    // Listed, and gone when it is opened.
    await symlink(join(folder, 'dropped'), join(folder, '000000000-dropped.blocks'));
    const pages = await Promise.all([1, 2, 3].map(() => inbox.search({ limit: 10 })));
    expect(pages.map(({ items }) => items.map(({ to }) => to))).toEqual(pages.map(() => ['ann@example.test']));
    await inbox.close();
  });

  it('can be cleared and goes on; ids and pages of what was cleared lead nowhere', async () => {
    const inbox = new CaptureInbox(folder);
    const transport = new CaptureTransport(inbox);
    for (const name of ['ann', 'bob']) await transport.send(mail(name));
    const page = await inbox.search({ limit: 1 });
    await inbox.clear();
    expect(await inbox.count()).toBe(0);
    await transport.send(mail('cat'));
    expect((await everyPage(inbox, { limit: 10 })).map(({ to }) => to)).toEqual(['cat@example.test']);
    expect((await inbox.search({ limit: 1, after: page.next! })).items).toEqual([]);
    await expect(inbox.get(page.items[0]!.id)).rejects.toMatchObject({ code: 'captured-message' });
    await expect(inbox.get('../../secret')).rejects.toMatchObject({ code: 'bad-cursor' });
    await expect(inbox.search({ limit: 0 })).rejects.toMatchObject({ code: 'bad-limit' });
    await transport.close();
  });

  it('refuses for now what it cannot keep', async () => {
    const inbox = new CaptureInbox(join('/dev/null', 'inbox'));
    const transport = new CaptureTransport(inbox);
    expect(await transport.send(mail('ann'))).toMatchObject({ code: 452 });
    await transport.close();
  });
});

describe('the file transport', () => {
  it('writes each message under its id, whole or not at all', async () => {
    const transport = createTransport(`file://${folder}/out`);
    expect(await transport.send(mail('ann'))).toMatchObject({ kind: 'accepted' });
    expect(await readdir(join(folder, 'out'))).toEqual(['ann.eml']);
    expect((await readFile(join(folder, 'out', 'ann.eml'))).equals(mail('ann').mime)).toBe(true);
    const leaving = (): void => {
      throw new Error('it cannot be noted');
    };
    expect(await transport.send({ ...mail('bob'), leaving })).toMatchObject({ kind: 'not-sent' });
    expect(await readdir(join(folder, 'out'))).not.toContain('bob.eml');
    expect(await createTransport('file:///dev/null/x').send(mail('ann'))).toMatchObject({ kind: 'not-sent' });
  });
});
