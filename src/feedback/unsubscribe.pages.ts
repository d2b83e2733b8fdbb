/** Pages for whoever follows the unsubscribe link of an email, by hand: they know no session and no style. */

export const unsubscribePage: string = page(
  'Stop optional emails',
  `<p>You will get no more optional emails from the CQRS team at the address that this link was sent to.</p>
<p>Service notices that you need for your work, such as payment cutoffs and changes to sign-in, still come.</p>
<form method="post"><button type="submit">Stop optional emails</button></form>`,
);

export const unsubscribedPage: string = page(
  'You will get no more optional emails',
  '<p>Service notices that you need for your work still come. If this was a mistake, tell the CQRS team.</p>',
);

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex"><title>${title} - CQRS comms</title></head>
<body><main><h1>${title}</h1>
${body}</main></body>
</html>
`;
}
