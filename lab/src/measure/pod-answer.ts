/** What a pod says to whoever asks it. */
export interface PodAnswer {
  readonly pod: string;
  /** The client's address as the pod sees it. */
  readonly client: string;
  readonly clientPort: number;
}
