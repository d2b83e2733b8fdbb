// The message as a competent engineer would make it without this service's compiler: Handlebars over MJML, then mjml,
// then nodemailer's composer. The same sources, values and words, so the mails are the same but for their encoding.
import Handlebars from 'handlebars';
import mjml2html from 'mjml';
import { WORDING } from '../../dist/rendering/wording.rules.js';

const handlebars = Handlebars.create();
for (const [name, word] of Object.entries(WORDING)) {
  // Handlebars adds its options as the last argument.
  handlebars.registerHelper(name, (...values) => word(...values.slice(0, -1)));
}

/** @param template a CompiledTemplate: only what its author wrote is used. */
export function naiveTemplate({ sources: [subject, body, text] }) {
  const render = {
    subject: handlebars.compile(subject.text, { noEscape: true }),
    mjml: handlebars.compile(body.text),
    text: handlebars.compile(text.text, { noEscape: true }),
  };
  const words = (values) => ({ subject: render.subject(values), text: render.text(values) });
  return {
    /** mjml for each recipient; the Handlebars parts are compiled once, as anybody would. */
    perRecipient: async (values) => ({ ...words(values), html: await htmlOf(render.mjml(values)) }),
    /** mjml once, over the source with its expressions in place; Handlebars for each recipient. */
    async compiledOnce() {
      const html = handlebars.compile(await htmlOf(body.text));
      return (values) => ({ ...words(values), html: html(values) });
    },
    /** What has to be done before the first message: all of it, for the comparison of compilers. */
    async compile(values) {
      const program = handlebars.compile(await htmlOf(body.text));
      return program(values).length;
    },
  };
}

async function htmlOf(mjml) {
  const { html } = await mjml2html(mjml, { validationLevel: 'skip', fonts: {}, keepComments: false });
  return html;
}
