import { type INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import { z } from 'zod';
import { problemSchema } from './problem.schema.js';

type PathItem = Readonly<Record<string, { readonly tags?: readonly string[] }>>;

/** The OpenAPI 3.1 description of the API, from its routes and their zod schemas. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const outline = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('CQRS comms')
    .setDescription('Tells GP practices and commissioners what they must do before a CQRS payment cutoff.')
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', description: 'An API key' })
    .build();
  const document = SwaggerModule.createDocument(app, outline, {
    standardSchemaConverter: (schema, { schemaType }) => jsonSchema(schema as z.ZodType, schemaType),
  });
  // Routes refer to it by its name only, as they send it with a content type of its own.
  const schemas = { ...document.components?.schemas, ...jsonSchema(problemSchema, 'output').components };
  const paths = Object.fromEntries(Object.entries(document.paths).filter(([path]) => path.startsWith('/api/')));
  const tags = new Set(
    Object.values(paths).flatMap((path) => Object.values(path as PathItem).flatMap((each) => each.tags ?? [])),
  );
  return {
    ...document,
    paths,
    components: { ...document.components, schemas },
    // Left empty it would be no list of servers, which the description must be of.
    servers: [{ url: '/' }],
    tags: [...tags].map((name) => ({ name })),
  } as OpenAPIObject;
}

/** Swagger's own conversion writes the JSON Schema of OpenAPI 3.0, where null and examples are said otherwise. */
function jsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
): { schema: unknown; components: Record<string, unknown> } {
  const {
    $schema: _dialect,
    $defs = {},
    ...converted
  } = z.toJSONSchema(schema, {
    io,
    override: ({ zodSchema, jsonSchema: made }) => {
      // Zod drops the examples of whatever is transformed or has a default; ours are examples of the input.
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) made.examples = examples;
    },
  });
  return { schema: converted, components: $defs };
}
