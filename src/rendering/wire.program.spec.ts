import fc from 'fast-check';
import { ByteWriter } from '../shared/byte-writer.js';
import { compileProgram, PRINTERS } from './body.program.js';
import { compileBody, compileLine } from './wire.program.js';

/** Everything that a template may say. */
const SOURCE = `Hello {{person.name}}{{! a comment }}{{#if person.title}}, {{person.title}}{{else}} (no title){{/if}}
{{#unless practices}}None.{{else}}{{count practices}}: {{plural (count practices) "practice" "practices"}}{{/unless}}
{{#each practices as |practice place|}}
  {{ordinal place}}. {{practice.code}} of {{@root_name}}{{#if @first}} first{{/if}}{{#if @last}} last{{/if}}
  {{#each people}}
    {{@index}}/{{@../index}} {{this.name}} {{name}} at {{../code}} and {{practice.code}}, told by {{../../person.name}}
    {{~#if (eq name "Testa")}} ours{{~else if (more age 17)}} grown{{/if}}
  {{else}}
    nobody
  {{/each}}
{{/each}}
{{longDate day}} {{{link}}}
`
  .replace(' of {{@root_name}}', '')
  .replace('{{{link}}}', '{{link}}');

const text = fc.oneof(fc.string(), fc.constantFrom('', 'Testa', '<b>&', '.', 'é = –', 'a\r\nb'));
const person = fc.record({ name: text, age: fc.integer({ min: 0, max: 99 }) });
const values = fc.record({
  person: fc.record({ name: text, title: text }, { requiredKeys: ['name'] }),
  practices: fc.array(fc.record({ code: text, people: fc.array(person, { maxLength: 3 }) }), { maxLength: 3 }),
  day: fc.constantFrom('2026-09-18', '2026-09-23'),
  link: text,
});

describe('the wire program', () => {
  const html = compileProgram(SOURCE, 'html');
  const line = compileProgram(SOURCE, 'text');
  const wire = { html: compileBody(SOURCE, PRINTERS.html), line: compileLine(SOURCE) };

  it('takes memory for what it binds, not for what it might: a megabyte each had the whole heap marked over and over', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bound = Array.from({ length: 40 }, () =>
      wire.html.bind({ link: 'https://example.test/', day: '2026-09-18' }),
    );
    expect(bound).toHaveLength(40);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  it('says what Handlebars says, whatever the values and whichever of them were bound before', () => {
    fc.assert(
      fc.property(values, fc.subarray(['person', 'practices', 'day', 'link']), (all, names) => {
        const shared = Object.fromEntries(Object.entries(all).filter(([name]) => names.includes(name)));
        const out = new ByteWriter();
        wire.html.bind(shared).run(all, out);
        const body = out.take();
        expect(decoded(body)).toBe(html(all));
        // Bodies go through DATA unseen: a lone dot would end the message, and the rest of it would be read as commands.
        expect(`\n${body.toString('latin1')}`).not.toContain('\n.');
        const pieces: string[] = [];
        wire.line.bind(shared).run(all, pieces);
        expect(pieces.join('')).toBe(line(all));
      }),
    );
  });

  it('prints no value that is not there, bound or not', () => {
    const program = compileBody('{{#if person}}{{person.name}}{{/if}}', PRINTERS.html);
    const blank = { person: { age: 3 } };
    const failure = expect.objectContaining({ code: 'blank-value' }) as Error;
    expect(() => {
      program.run(blank, new ByteWriter());
    }).toThrow(failure);
    expect(() => {
      program.bind(blank).run(blank, new ByteWriter());
    }).toThrow(failure);
  });

  it('reaches nothing that is not a value', () => {
    const program = compileLine(
      '{{#if constructor}}x{{/if}}{{#if person.__proto__}}y{{/if}}{{#if person.name.length}}z{{/if}}',
    );
    const pieces: string[] = [];
    program.run({ person: { name: 'Testa' } }, pieces);
    expect(pieces.join('')).toBe('');
  });

  it.each(['{{> piece}}', '{{#with person}}{{/with}}', '{{#each}}{{/each}}', '{{#each a}}{{@key}}{{/each}}'])(
    'refuses %s',
    (source) => {
      expect(() => compileLine(source)).toThrow('not allowed');
    },
  );
});

describe('the byte writer', () => {
  it('keeps what was taken, whatever its size, until it is cleared', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1_500_000 }), { maxLength: 6 }), (sizes) => {
        const out = new ByteWriter();
        for (const round of ['a', 'b']) {
          out.clear();
          const taken = sizes.map((size, i) => {
            out.ascii('dropped');
            out.drop();
            out.ascii(`${round}${i}:`);
            out.bytes(Buffer.alloc(size, i));
            return out.take();
          });
          taken.forEach((bytes, i) => {
            expect(bytes.subarray(0, 3).toString()).toBe(`${round}${i}:`);
            expect(bytes.subarray(3).equals(Buffer.alloc(sizes[i] ?? 0, i))).toBe(true);
          });
        }
      }),
      { numRuns: 15 },
    );
  });
});

/** Quoted-printable, undone. */
function decoded(bytes: Buffer): string {
  const raw = bytes
    .toString('latin1')
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
  return Buffer.from(raw, 'latin1').toString('utf8').replace(/\r\n/g, '\n');
}
