import { Body, Get, Param, Post, Query, Res } from '@nestjs/common';
import { type Response } from 'express';
import { z } from 'zod';
import { ACCESS_ROLES, People, PERMISSIONS, permissionsOf, RequirePermission } from '../access/index.js';
import { parseOdsCode } from '../shared/ods-code.js';
import { ConsoleController, Page, PageFrame, sendFaults } from './console-routes.js';
import { DirectoryReads } from './directory.reads.js';
import { type FormFaults, refusalOf } from './form.faults.js';
import { manyOf, searchText } from './form.text.js';
import { Done } from './notices.js';
import { type Frame, Pages } from './pages.js';

const PAGE = 50;

const idSchema = z.uuid();
const listSchema = z.object({ find: searchText, before: z.uuid().optional().catch(undefined) });
const changeSchema = z.object({
  version: z.coerce.number().int(),
  roles: manyOf(z.enum(ACCESS_ROLES)),
  region: z.string().max(10).default(''),
  active: z.enum(['yes', 'no']),
});
type Typed = Omit<z.infer<typeof changeSchema>, 'version'>;

/** Who may do what here. */
@ConsoleController('settings/people')
@RequirePermission('person:manage')
export class SettingsPeopleController {
  constructor(
    private readonly people: People,
    private readonly directory: DirectoryReads,
    private readonly pages: Pages,
  ) {}

  @Get()
  @Page()
  async list(
    @Query({ schema: listSchema }) { find, before }: z.infer<typeof listSchema>,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    const rows = await this.people.list(frame.principal, before, PAGE, find);
    const people = rows.slice(0, PAGE);
    const last = rows.length > PAGE ? people.at(-1) : undefined;
    const values = {
      title: 'People and roles',
      section: 'settings',
      find,
      people,
      names: await this.regionNames(),
      next: last && `/settings/people?${new URLSearchParams({ find, before: last.id }).toString()}`,
    };
    return this.pages.render('settings-people', values, frame);
  }

  @Get(':id')
  @Page()
  async show(
    @Param('id', { schema: idSchema }) id: string,
    @Done() notice: string | undefined,
    @PageFrame() frame: Frame,
  ): Promise<string> {
    return this.personPage(id, frame, { notice });
  }

  @Post(':id')
  async change(
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: changeSchema }) { version, ...typed }: z.infer<typeof changeSchema>,
    @PageFrame() frame: Frame,
    @Res() response: Response,
  ): Promise<void> {
    const faults = await refusalOf(() =>
      this.people.change(
        id,
        version,
        { roles: typed.roles, region: parseOdsCode(typed.region) ?? null, active: typed.active === 'yes' },
        frame.principal,
      ),
    );
    if (!faults) {
      response.redirect(303, `/settings/people/${id}?done=roles-changed`);
      return;
    }
    const page = await this.personPage(id, frame, { faults, typed });
    sendFaults(response, page);
  }

  private async personPage(
    id: string,
    frame: Frame,
    also: { notice?: string | undefined; faults?: FormFaults; typed?: Typed },
  ): Promise<string> {
    const person = await this.people.get(id, frame.principal);
    const values = {
      title: person.name,
      section: 'settings',
      person,
      isSelf: frame.principal.id === `person:${id}`,
      givesRoles: this.people.givesRoles,
      givesRegions: this.people.givesRegions,
      roles: ACCESS_ROLES,
      allowed: permissionsOf(person.roles).map((permission) => PERMISSIONS[permission]),
      regions: await this.directory.organisationsOf('region'),
      typed: { roles: person.roles, region: person.region ?? '', active: person.active ? 'yes' : 'no' },
      ...also,
    };
    return this.pages.render('settings-person', values, frame);
  }

  private async regionNames(): Promise<Readonly<Record<string, string>>> {
    const regions = await this.directory.organisationsOf('region');
    return Object.fromEntries(regions.map(({ code, name }) => [code, name]));
  }
}
