import { Injectable, type OnModuleInit } from '@nestjs/common';
import { type Companion, DirectoryPicture } from '../segments/index.js';
import { CensusTally, membersOf } from './census.tally.js';
import { ContactPictureRepository } from './contact-picture.repository.js';
import { placesOf } from './contact.rules.js';

/** Keeps who could be turned to, worked out whenever the directory's picture is. */
@Injectable()
export class ContactPicture implements OnModuleInit, Companion {
  constructor(
    private readonly repository: ContactPictureRepository,
    private readonly directory: DirectoryPicture,
  ) {}

  onModuleInit(): void {
    this.directory.accompany(this);
  }

  begin(): ReturnType<Companion['begin']> {
    const tally = new CensusTally();
    return {
      add: (classified) => {
        tally.add(classified);
      },
      keep: async (version) => {
        const members = membersOf(tally.all(new Set()));
        await this.repository.keep(version, new Map([...members].map(([code, there]) => [code, placesOf(there)])));
      },
    };
  }
}
