import { Injectable } from '@nestjs/common';

/** What somebody sees before anybody knows who they are. */
export type SignInPage =
  /** A link for one sign-in was opened: the button uses it up. */
  | { readonly kind: 'once'; readonly token: string }
  /** People sign in with a link that the service prints; where it prints none (in production), nobody can. */
  | { readonly kind: 'no-provider'; readonly printsLinks: boolean }
  | { readonly kind: 'signed-out'; readonly hasProvider: boolean };

/** How the pages of signing in look. The console gives them the look of its other pages. */
@Injectable()
export class SignInPages {
  private page: (page: SignInPage) => string = plainPage;

  /** Replaces the plain pages; called once while the application starts. */
  use(page: (page: SignInPage) => string): void {
    this.page = page;
  }

  render(page: SignInPage): string {
    return this.page(page);
  }
}

function plainPage(page: SignInPage): string {
  return `<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sign in - CQRS comms</title></head>
<body><main><h1>Sign in</h1>
${bodyOf(page)}</main></body>
</html>
`;
}

function bodyOf(page: SignInPage): string {
  switch (page.kind) {
    case 'once':
      // The token was checked to be letters, digits, - and _.
      return `<p>This link signs you in as the local administrator, once.</p>
<form method="post" action="/sign-in/once"><input type="hidden" name="token" value="${page.token}"><button type="submit">Sign in</button></form>`;
    case 'no-provider':
      return page.printsLinks
        ? '<p>No sign-in provider is configured. Open the sign-in link that the service printed when it started; for a new link, start it again.</p>'
        : '<p>Nobody can sign in: no sign-in provider is configured (OIDC_ISSUER, OIDC_CLIENT_ID).</p>';
    case 'signed-out':
      return `<p>You are signed out.</p>${page.hasProvider ? '<p><a href="/sign-in">Sign in again</a></p>' : ''}`;
  }
}
