/** Something about the segment that a person should know, in words; it stands while it lasts. */
export interface SegmentProblem {
  readonly code:
    | 'heartbeats-blocked'
    | 'never-met'
    | 'one-way'
    | 'foreign-cluster'
    | 'newer-version'
    | 'unknown-key'
    | 'bad-mac'
    | 'own-name'
    | 'too-many-peers'
    | 'too-many-announcements'
    | 'slow-scheduling'
    | 'joining'
    | 'main-thread'
    | 'behind';
  /** What is wrong and what to do, one sentence each. */
  readonly message: string;
}
