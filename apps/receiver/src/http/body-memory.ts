/** What one body holds of the memory that all of them share. */
export type BodyShare = {
  bytes: number;
  /** It had to let go of everything. */
  isLost: boolean;
  /** Called when that happens, for the one who fills it at the time. */
  onLost: () => void;
};

/**
 * The memory that bodies share while they are read. Each is bounded, but a thousand may come at once, and 50 KB
 * of gzip may be 50 MB: where all of them would hold more than may be, the largest lets go, and none of the
 * others notices.
 */
export class BodyMemory {
  private readonly mostBytes: number;
  private readonly shares = new Set<BodyShare>();
  private bytes = 0;

  constructor(mostBytes: number) {
    this.mostBytes = mostBytes;
  }

  enter(): BodyShare {
    const share = { bytes: 0, isLost: false, onLost: () => {} };
    this.shares.add(share);
    return share;
  }

  grow(share: BodyShare, bytes: number): void {
    share.bytes += bytes;
    this.bytes += bytes;
    while (this.bytes > this.mostBytes) this.takeLargest();
  }

  /** It is read, or will not be. */
  leave(share: BodyShare): void {
    if (this.shares.delete(share)) this.bytes -= share.bytes;
  }

  private takeLargest(): void {
    const largest = [...this.shares].reduce((most, share) => (share.bytes > most.bytes ? share : most));
    this.leave(largest);
    largest.isLost = true;
    largest.onLost();
  }
}
