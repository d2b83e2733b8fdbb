import { Injectable } from '@nestjs/common';
import { type Problem } from './http-problem.js';

export type ProblemPage = (problem: Problem) => string;

/** How a problem looks to a browser. The console gives it the look of its other pages. */
@Injectable()
export class ProblemPages {
  private page: ProblemPage = plainPage;

  /** Replaces the plain page; called once while the application starts. */
  use(page: ProblemPage): void {
    this.page = page;
  }

  render(problem: Problem): string {
    return this.page(problem);
  }
}

function plainPage({ title, detail = '', instance }: Problem): string {
  return `<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escape(title)}</title></head>
<body><main><h1>${escape(title)}</h1><p>${escape(detail)}</p>${instance ? `<p>${escape(instance)}</p>` : ''}</main></body>
</html>
`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
