/**
 * Brings what was approved for a window in line with it: whoever changes one is answered after that, so that nothing
 * with the old dates leaves any more. The module that knows campaigns provides it (globally). The class is the DI token.
 */
export abstract class WindowFollower {
  abstract windowMoved(windowId: string): Promise<unknown>;
}
