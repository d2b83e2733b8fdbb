import { encode, wrap } from 'nodemailer/lib/qp';
import { ByteWriter } from '../../dist/shared/byte-writer.js';
import { TemplateCatalogue } from '../../dist/rendering/index.js';
import { compare, figure, ROOT } from './harness.mjs';
import { join } from 'node:path';
import { naiveTemplate } from './naive.mjs';

const NAIVE = 'mjml per recipient';
const ENCODED = 'render + quoted-printable';
const TEMPLATE = 'sign-in-nhsmail';

/** How fast messages are made, up to the encoded bodies. */
export async function render({ quick, say }) {
  const catalogue = new TemplateCatalogue(join(ROOT, 'templates'));
  await catalogue.load();
  const template = catalogue.get(TEMPLATE);
  const naive = naiveTemplate(template);
  const people = quick ? 2_000 : 10_000;
  const fewer = quick ? 20 : 60;
  const valuesOf = (i) => ({ ...template.sample, person: { firstName: `Testa${i}`, fullName: `Testa${i} Sample` } });
  const out = new ByteWriter();
  const { person: _, ...shared } = template.sample;
  const encoder = template.encoder(shared);
  const encodedBytes = (values) => {
    out.clear();
    const { html, text } = encoder({ person: values.person });
    html(out);
    text(out);
    return out.take().length;
  };
  const bytes = encodedBytes(template.sample);
  const each = (count, make) => async () => {
    let length = 0;
    for (let i = 0; i < count; i += 1) length += await make(valuesOf(i));
    if (length === 0) throw new Error('Nothing was rendered');
    return count;
  };
  const rows = await compare({
    rounds: quick ? 3 : 7,
    unit: 'messages/s',
    baselines: [NAIVE, ENCODED],
    contenders: [
      {
        name: NAIVE,
        run: each(fewer, async (values) => {
          const { html, text } = await naive.perRecipient(values);
          return bytesOf(wrap(encode(html))) + bytesOf(wrap(encode(text)));
        }),
      },
      {
        name: ENCODED,
        run: each(people / 4, (values) => {
          const { html, text } = template.render(values);
          return bytesOf(wrap(encode(html))) + bytesOf(wrap(encode(text)));
        }),
      },
      {
        name: 'encoder',
        run: each(people, encodedBytes),
      },
    ],
    say,
  });
  return {
    title: 'Render',
    rows,
    notes: [
      `${TEMPLATE}: ${figure(bytes / 1000)} kB of encoded bodies, another person in each message; the strict check of the values is in it.`,
      `Baseline "${NAIVE}": Handlebars compiled once, mjml for each recipient, nodemailer's quoted-printable encoder. Baseline "${ENCODED}": our compiled template without pre-encoding, the same encoder.`,
      'Everybody’s bodies are turned into bytes at the end: a string of pieces that nobody joins would cost nothing.',
    ],
  };
}

const bytesOf = (text) => Buffer.from(text, 'latin1').length;
