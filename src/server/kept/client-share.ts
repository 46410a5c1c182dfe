/** What one client may have of a limit that all clients share, so that no client keeps out the others. */
export const clientShare = 0.75;
