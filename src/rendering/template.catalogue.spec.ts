import fc from 'fast-check';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../platform/config/index.js';
import { ByteWriter } from '../shared/byte-writer.js';
import { messageValuesSchema } from './message.values.js';
import { DEFAULT_TEMPLATES_DIR } from './template.catalogue.js';
import { TemplateCatalogue } from './template.catalogue.js';
import type { TemplateValues } from './placeholder.rules.js';

const catalogue = new TemplateCatalogue(DEFAULT_TEMPLATES_DIR);
beforeAll(() => catalogue.load());

const EXPECTED = [
  'cascade-drill',
  'cascade-practice',
  'cascade-request',
  'cascade-request-region',
  'correction-notice',
  'correction-sign-in',
  'guidance-follow-up',
  'payment-after-cutoff',
  'payment-reminder-commissioner',
  'payment-reminder-practice',
  'sign-in-mismatched',
  'sign-in-nhsmail',
  'sign-in-nhsmail-unconfirmed',
  'sign-in-several-accounts',
  'sign-in-shared-mailbox',
  'sign-in-unknown',
  'sign-in-without-nhsmail',
];
const DATES = /\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day \d{1,2} [A-Z][a-z]+ \d{4}\b/g;

it('knows every template of the service, and says so when asked for another', () => {
  expect(catalogue.names()).toEqual(EXPECTED);
  expect(() => catalogue.get('no-such')).toThrow(
    /There is no template no-such; there are: cascade-drill, cascade-practice, cascade-request/,
  );
});

it.each([
  ['that is not there', join(DEFAULT_TEMPLATES_DIR, 'none'), 'there is no such folder'],
  ['that is a file', join(PROJECT_ROOT, 'package.json'), 'it is a file, or below one'],
  ['of something else', join(PROJECT_ROOT, 'src', 'shared'), 'it has no folder partials'],
])('names the setting of a folder %s, and what was expected', async (_, folder, why) => {
  await expect(new TemplateCatalogue(folder).load()).rejects.toThrow(
    `TEMPLATES_DIR: expected a folder with one for each template and one named partials. ${folder}: ${why}`,
  );
});

describe('the correction of payment dates', () => {
  const sent = (previous: Record<string, string>) => {
    const template = catalogue.get('correction-notice');
    const { cutoff, reopening, pcse } = template.sample['window'] as Record<string, string>;
    const { subject, html, text } = template.render({
      ...template.sample,
      previousWindow: { cutoff, reopening, pcse, ...previous },
    });
    return { subject, bodies: [html.slice(html.indexOf('<h1')).replace(/<[^>]+>/g, ' '), text] };
  };

  it('calls nothing changed that stays as it is', () => {
    const { subject, bodies } = sent({ cutoff: '2026-09-17T12:00' });
    expect(subject).toBe('Correction: the CQRS payment deadline is now midday on Friday 18 September 2026');
    for (const body of bodies) {
      expect(body).toMatch(/the payment deadline has changed/i);
      expect(body).toContain('Use the new deadline');
      expect(body.match(/stays as it is/gi)).toHaveLength(2);
    }
  });

  it('does not say that the deadline has changed when only what follows it has', () => {
    const { subject, bodies } = sent({ pcse: '2026-09-25' });
    expect(subject).toBe(
      'Correction: CQRS payment dates have changed, the deadline stays midday on Friday 18 September 2026',
    );
    for (const body of bodies) {
      expect(body).not.toMatch(/deadline has changed|new deadline/i);
      expect(body).toContain('Keep to the deadline');
      expect(body).toContain('Friday 25 September 2026');
    }
  });
});

describe.each(EXPECTED)('%s', (name) => {
  it('renders its sample in less than 80 KB, and its sample is of the shared value schema', () => {
    const template = catalogue.get(name);
    expect(template.missing(template.sample)).toEqual([]);
    expect(messageValuesSchema.strict().partial().safeParse(template.sample).error).toBeUndefined();
    expect(Buffer.byteLength(template.render(template.sample).html)).toBeLessThan(80 * 1024);
  });

  it('declares nothing that it does not use', () => {
    expect(catalogue.get(name).unused).toEqual([]);
  });

  it('says the same dates, steps and links in HTML and in plain text', () => {
    const template = catalogue.get(name);
    const { html, text } = template.render(template.sample);
    const visible = html.slice(html.indexOf('<h1'));
    expect(distinct(text.replace(/\s+/g, ' ').match(DATES))).toEqual(distinct(visible.match(DATES)));
    expect(text.match(/^\d+\. /gm)?.length).toBe(stepsOf(visible));
    const links = [...visible.matchAll(/href="(?:mailto:)?([^"]+)"/g)].map(([, href]) => href ?? '');
    for (const link of links) expect(text).toContain(link);
    expect(distinct(text.match(/https?:\S+/g))).toEqual(distinct(links.filter((link) => link.startsWith('http'))));
  });

  it('counts nobody at risk and nobody to help as none, and still numbers its steps', () => {
    const template = catalogue.get(name);
    const totals = template.sample['totals'] as Record<string, number> | undefined;
    if (totals === undefined) return;
    const none = { ...template.sample, totals: { ...totals, practicesAtRisk: 0, peopleToHelp: 0 } };
    const { html, text } = template.render(none);
    for (const body of [html, text]) expect(body.replace(/\s+/g, ' ')).not.toMatch(/\b0 (?:people|person|practice)/);
    const todo = text.slice(text.indexOf('WHAT YOU NEED TO DO'), text.indexOf('KEY DATES'));
    const steps = [...todo.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect(steps).toEqual(steps.map((_, i) => i + 1));
    expect(text.match(/^\d+\. /gm)?.length).toBe(stepsOf(html.slice(html.indexOf('<h1'))));
  });

  it('gives the same message encoded as not encoded, whatever the values and whichever are shared', () => {
    const template = catalogue.get(name);
    fc.assert(
      fc.property(nastyText, fc.subarray(Object.keys(template.sample)), (nasty, names) => {
        const values: TemplateValues = { ...replaceTexts(template.sample, nasty), window: template.sample['window'] };
        const rendered = template.render(values);
        const isShared = ([name]: [string, unknown]): boolean => names.includes(name);
        const shared = Object.fromEntries(Object.entries(values).filter(isShared));
        const own = Object.fromEntries(Object.entries(values).filter((value) => !isShared(value)));
        const encoded = template.encoder(shared)(own);
        expect(decode(written(encoded.html))).toBe(rendered.html.replace(/\n/g, '\r\n'));
        expect(decode(written(encoded.text))).toBe(rendered.text.replace(/\n/g, '\r\n'));
        expect(encoded.subject).toBe(rendered.subject);
        for (const line of `${written(encoded.html)}${written(encoded.text)}`.split('\r\n')) {
          if (line.length > 76 || line.startsWith('.') || /[^\t -~]|[\t ]$/.test(line))
            throw new Error(`Bad line ${line}`);
        }
      }),
      { numRuns: 20 },
    );
  });
});

it.each(['sign-in-unknown', 'sign-in-several-accounts'])(
  '%s says nothing of the kind of an address of which it is not known whose it is: it may well be an NHSmail address',
  (name) => {
    const template = catalogue.get(name);
    const account = { accountId: '1', registeredAddress: 'testa.sample3@nhs.net', segment: 'unknown' };
    const { html, text } = template.render({ ...template.sample, accounts: [account] });
    for (const body of [html, text]) {
      expect(body).toContain('testa.sample3@nhs.net');
      expect(body.replace(/\s+/g, ' ')).not.toMatch(/is not an? NHSmail address/);
    }
  },
);

it('promises somebody of whom nothing is known the later guidance only after a reply: it goes to those known to have no NHSmail', () => {
  const template = catalogue.get('sign-in-unknown');
  const { html, text } = template.render(template.sample);
  for (const body of [html, text]) {
    expect(body.replace(/\s+/g, ' ')).toMatch(/Reply to this email with no\.(?:<\/strong>)? We will then write to you/);
  }
});

const nastyText = fc
  .oneof(
    fc.string({ unit: 'binary', minLength: 1, maxLength: 120 }),
    fc.constantFrom(
      '.',
      '..\n.\r\n. ',
      'trailing   ',
      'long'.repeat(60),
      '\ud800',
      '{{person.fullName}}',
      '<b>&amp;=3D',
    ),
  )
  .map((text) => `x${text}`);

/** The values with every free text replaced, but for words that decide something. */
function replaceTexts(values: TemplateValues, nasty: string): TemplateValues {
  return JSON.parse(
    JSON.stringify(values, (key, value: unknown) =>
      ['firstName', 'fullName', 'registeredAddress', 'phone', 'status'].includes(key) ? nasty : value,
    ),
  ) as TemplateValues;
}

function decode(body: string): string {
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

function stepsOf(html: string): number {
  return [...html.matchAll(/<ol>(.*?)<\/ol>/gs)].reduce(
    (sum, [, list]) => sum + (list?.match(/<li>/g)?.length ?? 0),
    0,
  );
}

function distinct(found: readonly string[] | null): string[] {
  return [...new Set(found ?? [])].sort();
}

function written(body: (out: ByteWriter) => void): string {
  const out = new ByteWriter();
  body(out);
  return out.take().toString('latin1');
}
