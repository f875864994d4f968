/** Persons and groups as they go over the wire. */
import { groupsOf } from './memberships.ts';
import type { Contact, ContactGroup, Entry, Version } from './model.ts';
import type { Live } from './store.ts';

/** The etag of the whole person. */
export function etagOf(version: Version): string {
  return `%E${Buffer.from(`person ${version.changed}`).toString('base64url')}`;
}

/** The etag of the contact source, which an update has to name. */
export function sourceEtagOf(version: Version): string {
  return `#${Buffer.from(`source ${version.changed}`).toString('base64url')}=`;
}

/** A contact with the fields of a mask; also a deleted one, for sync answers. */
export function presentPerson(
  contact: Contact,
  version: Version,
  mask: ReadonlySet<string>,
  inSync = false,
): Entry {
  const person: Entry = { resourceName: version.resourceName, etag: etagOf(version) };
  if (mask.has('metadata')) person.metadata = metadataOf(contact, version, inSync);
  for (const [name, entries] of Object.entries(version.fields ?? {})) {
    if (!mask.has(name)) continue;
    person[name] = entries.map((entry, index) => ({
      metadata: {
        ...(index === 0 && { primary: true }),
        ...(index === 0 && name.endsWith('Addresses') && { sourcePrimary: true }),
        source: { type: 'CONTACT', id: contact.sourceId },
      },
      ...(name === 'memberships' ? membershipOf(entry) : entry),
    }));
  }
  return person;
}

function metadataOf(contact: Contact, version: Version, inSync: boolean): Entry {
  return {
    sources: [
      {
        type: 'CONTACT',
        id: contact.sourceId,
        etag: sourceEtagOf(version),
        updateTime: new Date(version.at).toISOString(),
      },
    ],
    // [V] 3: both only in answers to sync requests.
    ...(inSync && version.formerNames.length > 0 && { previousResourceNames: version.formerNames }),
    ...(inSync && version.fields === null && { deleted: true }),
    objectType: 'PERSON',
  };
}

function membershipOf(entry: Entry): Entry {
  const [contactGroupResourceName = ''] = groupsOf({ memberships: [entry] });
  const contactGroupId = contactGroupResourceName.slice('contactGroups/'.length);
  return { contactGroupMembership: { contactGroupId, contactGroupResourceName } };
}

/** A group with the fields of a mask. */
export function presentGroup(
  group: ContactGroup,
  members: readonly Live[],
  mask: ReadonlySet<string>,
  maxMembers = 0,
): Entry {
  const { resourceName, name, system, clientData, changed, updatedAt, deleted } = group;
  return {
    resourceName,
    etag: Buffer.from(`group ${changed}`).toString('base64url'),
    ...(mask.has('metadata') && {
      metadata: { updateTime: new Date(updatedAt).toISOString(), ...(deleted && { deleted }) },
    }),
    ...(mask.has('groupType') && {
      groupType: system ? 'SYSTEM_CONTACT_GROUP' : 'USER_CONTACT_GROUP',
    }),
    ...(mask.has('name') && { name, formattedName: name }),
    ...(mask.has('memberCount') && members.length > 0 && { memberCount: members.length }),
    ...(mask.has('clientData') && clientData.length > 0 && { clientData }),
    ...(maxMembers > 0 &&
      members.length > 0 && {
        memberResourceNames: members
          .slice(0, maxMembers)
          .map(({ version }) => version.resourceName),
      }),
  };
}
