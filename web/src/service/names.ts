/** The rule of the service for names of collections, as an attribute of a field. */
export const namePattern = "[A-Za-z_][A-Za-z0-9_]{0,63}";
