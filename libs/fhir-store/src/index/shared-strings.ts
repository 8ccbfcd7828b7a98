/** Characters by which the strings of shared resources are told apart: an entry of an index has to fit a third of a page. */
export const longestSharedString = 500;
