/** The pages of signing in, before anybody knows who looks at them. */

export function oneTimePage(token: string): string {
  return page(
    'Sign in',
    `<p>This link signs you in as the local administrator, once.</p>
<form method="post" action="/sign-in/once"><input type="hidden" name="token" value="${token}"><button type="submit">Sign in</button></form>`,
  );
}

export function noProviderPage(): string {
  return page(
    'Sign in',
    `<p>No sign-in provider is configured. Open the sign-in link that the service printed when it started; for a new link, start it again.</p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title} - CQRS comms</title></head>
<body><main><h1>${title}</h1>
${body}</main></body>
</html>
`;
}
