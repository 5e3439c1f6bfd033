export { decideAnnouncements, type AnnounceFacts } from './decide.ts';
export {
  PacketWorker,
  type PacketWorkerHandlers,
  type WorkerMessage,
} from './packet-worker/handle.ts';
export type {
  AddressConflict,
  AddressReport,
  MemberState,
  SegmentMembers,
  SegmentReport,
  SegmentSummary,
} from './packet-worker/protocol.ts';
export type { AnnouncePlan, SegmentPlan, UsableInterface } from './plan.ts';
export { ReachIndex, type Reach } from './reach.ts';
export { Responder } from './responder.ts';
export type { ResponderCounters } from './responder-layout.ts';
export { inOrderOfName, selects } from './selection.ts';
