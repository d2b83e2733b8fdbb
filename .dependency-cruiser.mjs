/** The import law. A folder imports `shared`, `platform` and the index.ts of folders above it in this list. */
const order = [
  'access',
  'directory',
  'segments',
  'deadlines',
  'rendering',
  'delivery',
  'feedback',
  'campaigns',
  'cascades',
  'console',
];

const downwards = order.map((folder, i) => ({
  name: `no-downward-import-from-${folder}`,
  comment: `${folder} may import only what stands above it: data loops through PostgreSQL, imports never loop.`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${[...order.slice(i + 1), 'app\\.module|web\\.module|main|cli'].join('|')})(/|\\.ts$)` },
}));

const only = (name, packagePattern, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${allowed}/` },
  to: { path: `^node_modules/(${packagePattern})/` },
});

export default {
  forbidden: [
    ...downwards,
    {
      name: 'no-reaching-past-index',
      comment: 'A module shows its neighbours one face, its index.ts; the rest may change without asking anybody.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: `^src/(${order.join('|')})/(?!index\\.ts$)`, pathNot: '^src/$1/' },
    },
    {
      name: 'shared-is-pure',
      comment: 'shared holds values without I/O: anyone may import it because it can do nothing.',
      severity: 'error',
      from: { path: '^src/shared/', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^(src/shared/|node_modules/(luxon|zod|uuid|@types/luxon)/)|^(node:)?crypto$' },
    },
    {
      name: 'platform-knows-no-domain',
      comment: 'platform carries the domain and so may not know it.',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: `^src/(${order.join('|')})/` },
    },
    {
      name: 'src-never-imports-test',
      comment: 'What runs in production must not need what only tests have.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    only(
      'nodemailer-in-delivery',
      'nodemailer|smtp-server',
      'delivery',
      'One place opens SMTP connections, so that one place keeps the rate and the ledger.',
    ),
    only(
      'bullmq-in-jobs',
      'bullmq|@nestjs/bullmq|ioredis',
      'platform/jobs',
      'The queue is disposable and replaceable: only platform/jobs knows which one it is.',
    ),
    only(
      'mjml-and-handlebars-in-rendering',
      'mjml|handlebars',
      'rendering',
      'Preview, test send and real send must be the same bytes: one renderer.',
    ),
    {
      name: 'no-cqrs-package',
      comment: 'CQRS is the NHS system here, not the pattern.',
      severity: 'error',
      from: {},
      to: { path: '@nestjs/cqrs' },
    },
    {
      name: 'no-circular',
      comment: 'A cycle is one module that pretends to be two.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
