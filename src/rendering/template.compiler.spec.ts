import fc from 'fast-check';
import { compileTemplate } from './template.compiler.js';
import type { TemplateSources } from './template.sources.js';

const VOCABULARY = `
person.firstName: { type: text, description: greeting }
window.cutoff: { type: date-time, description: cutoff }
practices:
  type: list
  description: practices
  items:
    code: { type: text, description: ODS code }
    status: { type: text, required: false, description: status }
`;
const DECLARATION = `
title: A title
purpose: A purpose
kind: service
audience: { organisations: [practice] }
placeholders:
  person.firstName: required
  practices: optional
  link: { type: url, required: true, description: a link }
  many: { type: number, required: false, description: how many }
`;
const SAMPLE = { person: { firstName: 'Testa' }, link: 'https://a.test/', practices: [{ code: 'A81001' }], many: 2 };
const BODY = `<mjml>
<mj-body>
{{> intro}}
</mj-body>
</mjml>`;
const INTRO = `<mj-section><mj-column><mj-text>
Hello {{person.firstName}}, <a href="{{link}}">go on</a>
{{#each practices}}
{{code}}{{#if status}} {{status}}{{/if}}
{{/each}}
{{#if many}}{{plural many "one" "several"}}{{/if}}
</mj-text></mj-column></mj-section>`;
const TEXT = `Hello {{person.firstName}}
{{link}}
{{#each practices as |practice index|}}
{{ordinal index}}. {{practice.code}}
{{/each}}
`;

interface Change extends Partial<Omit<TemplateSources, 'sample'>> {
  sample?: unknown;
  pieces?: Record<string, string>;
  vocabulary?: string;
}

function sources(change: Change = {}): TemplateSources {
  const { sample = SAMPLE, pieces = { 'intro.mjml.hbs': INTRO }, vocabulary = VOCABULARY, ...others } = change;
  return {
    name: 'a-template',
    subject: 'For {{person.firstName}}\n',
    body: BODY,
    text: TEXT,
    declaration: DECLARATION,
    files: new Map(),
    ...others,
    sample: JSON.stringify(sample),
    shared: { pieces: new Map(Object.entries(pieces)), vocabulary },
  };
}

const brokenSubject = expect.objectContaining({ code: 'broken-subject' }) as Error;

describe('a compiled template', () => {
  it('escapes values in the body, and not in subject and text', async () => {
    const template = await compileTemplate(sources());
    const { subject, html, text } = template.render({ ...SAMPLE, person: { firstName: `<b>O'Neil & "Co"</b>` } });
    expect(subject).toBe(`For <b>O'Neil & "Co"</b>`);
    expect(text).toContain(`Hello <b>O'Neil & "Co"</b>\n`);
    expect(html).toContain('Hello &lt;b&gt;O&#x27;Neil &amp; &quot;Co&quot;&lt;/b&gt;,');
  });

  it.each(['{{person.firstName}}', '{{{link}}}', '{{> intro}}', '{{constructor}}', '${link}', '<script>'])(
    'takes the value %s for text, never for code',
    async (hostile) => {
      const template = await compileTemplate(sources());
      const values = { ...SAMPLE, person: { firstName: hostile } };
      expect(template.render(values).text.startsWith(`Hello ${hostile}\n`)).toBe(true);
      expect(template.render(values).html).not.toContain('<script>');
    },
  );

  it.each(['a\rBcc: x@a.test', 'a\nb', 'a\u0000', 'a\u2028b'])('refuses %j in the subject', async (hostile) => {
    const template = await compileTemplate(sources());
    const values = { ...SAMPLE, person: { firstName: hostile } };
    expect(() => template.render(values)).toThrow(brokenSubject);
    expect(() => template.encoder({})(values)).toThrow(brokenSubject);
  });

  it('names every value that is missing, blank, undeclared or of the wrong type', async () => {
    const template = await compileTemplate(sources());
    const values = {
      person: { firstName: '  ', lastName: 'Sample' },
      practices: [{ code: 'A81001' }, { status: 3, place: 'x' }, 'A81003'],
      many: '2',
      extra: 1,
    };
    expect(template.problems(values).map(({ path, problem }) => `${path} ${problem}`)).toEqual([
      'person.firstName missing',
      'practices[1].code missing',
      'practices[1].status wrong-type',
      'practices[2].code missing',
      'link missing',
      'many wrong-type',
      'person.lastName undeclared',
      'practices[1].place undeclared',
      'extra undeclared',
    ]);
    expect(() => template.render(values)).toThrow(/link \(missing, expected an absolute http or https address\)/);
  });

  it('welcomes a value of the shared vocabulary that it does not use', async () => {
    const template = await compileTemplate(sources());
    expect(template.missing({ ...SAMPLE, window: { cutoff: '2026-09-18T12:00' } })).toEqual([]);
  });

  it.each(['javascript:alert(1)', 'a.test', 'https://a b', 'data:text/html,x'])(
    'refuses %s as an address',
    async (link) => {
      const template = await compileTemplate(sources());
      expect(template.missing({ ...SAMPLE, link })).toEqual(['link']);
    },
  );

  it('never throws when asked what is missing, and renders exactly when nothing is', async () => {
    const template = await compileTemplate(sources());
    const values = fc.record({
      person: fc.oneof(fc.anything(), fc.record({ firstName: fc.string({ minLength: 1 }) })),
      link: fc.oneof(fc.anything(), fc.webUrl()),
    });
    fc.assert(
      fc.property(fc.oneof(fc.anything(), values), (given) => {
        if (template.missing(given).length > 0) {
          expect(() => template.render(given as Record<string, unknown>)).toThrow(/cannot be rendered/);
        } else {
          expect(template.render(given as Record<string, unknown>).text).toContain('Hello');
        }
      }),
    );
  });

  it('reads only own properties of values', async () => {
    const template = await compileTemplate(sources());
    expect(template.missing(Object.create(SAMPLE))).toEqual(['person.firstName', 'link']);
  });
});

describe('its version', () => {
  const attached = `${DECLARATION}attachments: [{ file: a.pdf, contentType: application/pdf }]\n`;
  const withFile = (content: string) => ({ declaration: attached, files: new Map([['a.pdf', Buffer.from(content)]]) });

  it('is the same for the same sources', async () => {
    expect((await compileTemplate(sources())).version).toBe((await compileTemplate(sources())).version);
    expect((await compileTemplate(sources())).version).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Change, Change]>([
    ['the subject', {}, { subject: 'for {{person.firstName}}\n' }],
    ['the text', {}, { text: `${TEXT}more\n` }],
    ['a shared piece', {}, { pieces: { 'intro.mjml.hbs': INTRO.replace('Hello', 'Hi') } }],
    ['the declaration', {}, { declaration: DECLARATION.replace('service', 'optional') }],
    ['the vocabulary', {}, { vocabulary: VOCABULARY.replace('greeting', 'name') }],
    ['an attachment', withFile('one'), withFile('two')],
  ])('changes with %s', async (_, before, after) => {
    expect((await compileTemplate(sources(after))).version).not.toBe((await compileTemplate(sources(before))).version);
  });

  it('declares its attachments with hash and size', async () => {
    const [attachment] = (await compileTemplate(sources(withFile('abc')))).attachments;
    expect(attachment).toMatchObject({
      filename: 'a.pdf',
      contentType: 'application/pdf',
      size: 3,
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    });
  });
});

describe('a broken template stops with template, file and line:', () => {
  const text = (line: string): Change => ({ text: `Hello\n\n${line}\n` });
  const piece = (line: string): Change => ({ pieces: { 'intro.mjml.hbs': INTRO.replace('Hello', `\n${line}`) } });

  it.each<[string, Change, string]>([
    [
      'an undeclared value',
      text('{{person.lastName}}'),
      'a-template/body.txt.hbs line 3: person.lastName is not a declared placeholder',
    ],
    [
      'an undeclared field of a list',
      text('{{#each practices}}{{name}}{{/each}}'),
      'line 3: practices[].name is not a declared',
    ],
    [
      'a value of the outer scope without ../',
      text('{{#each practices}}{{link}}{{/each}}'),
      'line 3: practices[].link is not a declared',
    ],
    ['a place above the values', text('{{../link}}'), 'line 3: ../link reaches outside the values'],
    ['a prototype', text('{{person.constructor}}'), 'line 3: person.constructor is not a declared'],
    ['a whole list', text('{{practices}}'), 'line 3: practices is not one value that can be printed'],
    ['unescaped output', piece('{{{link}}}'), 'partials/intro.mjml.hbs line 3: unescaped output'],
    ['unescaped output with &', piece('{{&link}}'), 'partials/intro.mjml.hbs line 3: unescaped output'],
    ['an unknown function', text('{{shout link}}'), 'line 3: there is no function shout'],
    ['another block', text('{{#with person}}{{firstName}}{{/with}}'), 'line 3: {{#with}} is not allowed'],
    ['@root', text('{{@root.link}}'), 'line 3: @root.link is not allowed'],
    ['a piece chosen by a value', text('{{> (lookup . "link")}}'), 'line 3: a shared piece'],
    ['a piece that is not there', text('{{> nothing}}'), 'line 3: there is no shared piece partials/nothing.txt.hbs'],
    [
      'a piece in itself',
      { pieces: { 'intro.mjml.hbs': '{{> intro}}' } },
      'partials/intro.mjml.hbs line 1: the piece intro contains itself',
    ],
    ['an open block', text('{{#if link}}'), 'a-template/body.txt.hbs line 3: Parse error'],
    [
      'invalid MJML',
      { pieces: { 'intro.mjml.hbs': '\n\n<mj-text>Hello</mj-text>' } },
      'partials/intro.mjml.hbs line 3',
    ],
    [
      'an MJML element inside text, where MJML leaves it as it is',
      piece('Go to <mj-button href="https://a.example">the page</mj-button>'),
      'partials/intro.mjml.hbs line 3: mj-button inside text',
    ],
    [
      'an expression that MJML drops',
      { body: BODY.replace('{{> intro}}', '{{link}}\n{{> intro}}') },
      'a-template/body.mjml.hbs line 3: MJML drops {{link}}',
    ],
    [
      'an unguarded optional value',
      text('{{many}}'),
      'a-template/sample.json: A template printed a value that is not there',
    ],
    [
      'a sample that lacks a value',
      { sample: { person: { firstName: 'A' } } },
      'a-template/sample.json: Template a-template cannot be rendered: link',
    ],
    [
      'a declaration without a kind',
      { declaration: DECLARATION.replace('kind: service', '') },
      'a-template/template.yaml: ',
    ],
    [
      'a placeholder that nobody described',
      { declaration: `${DECLARATION}  other: required\n` },
      'template.yaml: placeholder other is not in placeholders.yaml',
    ],
    [
      'an attachment that is not there',
      { declaration: `${DECLARATION}attachments: [{ file: a.pdf, contentType: application/pdf }]\n` },
      'a-template/template.yaml: the attachment a.pdf is not there',
    ],
    [
      'attachments that are too big',
      {
        declaration: `${DECLARATION}attachments: [{ file: a.pdf, contentType: application/pdf }]\n`,
        files: new Map([['a.pdf', Buffer.alloc(5 * 1024 * 1024 + 1)]]),
      },
      'template.yaml: attachments of 5242881 bytes',
    ],
  ])('%s', async (_, change, message) => {
    await expect(compileTemplate(sources(change))).rejects.toThrow(
      expect.objectContaining({
        code: 'template-broken',
        message: expect.stringContaining(message) as string,
      }) as Error,
    );
  });
});
