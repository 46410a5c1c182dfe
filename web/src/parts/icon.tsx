/** The icons of the page: one line width, drawn on a grid of 20. */
const paths = {
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Zm4 9.5 3.5 3.5",
  pipeline: "M3 6h5c4 0 5 8 9 8M3 10h3c3 0 4 4 7 5",
  collections: "M4 6.5h12M6 3.5h8M4 9h12v7.5H4z",
  image: "M3.5 4h13v12h-13zM3.5 13l4-4 4 4 2-2 3 3M12.5 7.5h.01",
  filter: "M3.5 5.5h13M6 10h8M8.5 14.5h3",
  close: "m5.5 5.5 9 9m0-9-9 9",
  info: "M10 9v5M10 6.2h.01M10 2.5a7.5 7.5 0 1 1 0 15 7.5 7.5 0 0 1 0-15Z",
  plus: "M10 4v12M4 10h12",
  system: "M3.5 4h13v9h-13zM7 16.5h6",
  light:
    "M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1",
  dark: "M15.5 12A6.5 6.5 0 0 1 8 4.5a6 6 0 1 0 7.5 7.5Z",
  back: "M12 4.5 6.5 10l5.5 5.5",
  trash: "M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.4l.8-10",
  broken: "M3.5 4h13v12h-13zM3.5 13l4-4 2.5 2.5M13 7l-3 4 4 1-2 4",
  copy: "M7 7h9v9H7zM13 7V4H4v9h3",
  play: "M6.5 4.5v11l9-5.5z",
  stop: "M5.5 5.5h9v9h-9z",
  again: "M15.5 10a5.5 5.5 0 1 1-1.6-3.9M15.5 3.5v3h-3",
  warning: "M10 3.5 17.5 16.5h-15zM10 8.5v3.5M10 14.2h.01",
  leave: "M11.5 4H4.5v12h7M8.5 10h8m-3-3 3 3-3 3",
  next: "M8 4.5 13.5 10 8 15.5",
  done: "m4.5 10.5 3.5 3.5 7.5-8",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}
