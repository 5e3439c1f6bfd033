import { isInterfaceGlob } from '../interface-globs.ts';
import type { AnnouncementObject } from '../schemas/announcement.ts';
import { itemPath } from '../shape/field-path.ts';
import type { Announcement } from '../state.ts';
import { converted, leftOut, type Converted } from './converted.ts';
import { selectorFaults } from './label-selector.ts';

/** An announcement; one with a selector that can select nothing is refused as a whole. A bad glob matches nothing. */
export function readAnnouncement({ metadata, spec }: AnnouncementObject): Converted<Announcement> {
  const refusals = [
    ...selectorFaults(spec.serviceSelector, 'spec.serviceSelector'),
    ...selectorFaults(spec.nodeSelector, 'spec.nodeSelector'),
    ...selectorFaults(spec.preferredNodes, 'spec.preferredNodes'),
  ];
  if (refusals.length > 0) return leftOut(refusals);
  const announcement: Announcement = {
    name: metadata.name,
    pools: spec.pools,
    serviceSelector: spec.serviceSelector,
    nodeSelector: spec.nodeSelector,
    interfaces: spec.interfaces,
    preferredNodes: spec.preferredNodes,
  };
  const faults = spec.interfaces.flatMap((glob, index) =>
    isInterfaceGlob(glob)
      ? []
      : [
          {
            field: itemPath('spec.interfaces', index),
            value: glob,
            message:
              'Not a pattern, so it matches no interface. Close each [ with ], and write ranges in order, as in [0-9].',
          },
        ],
  );
  return converted(announcement, faults);
}
