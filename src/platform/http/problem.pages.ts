import { Injectable } from '@nestjs/common';
import { escapeHtml } from '../../shared/html-text.js';
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
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escapeHtml(title)}</title></head>
<body><main><h1>${escapeHtml(title)}</h1><p>${escapeHtml(detail)}</p>${instance ? `<p>${escapeHtml(instance)}</p>` : ''}</main></body>
</html>
`;
}
