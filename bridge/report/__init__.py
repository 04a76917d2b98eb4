"""Reports for people: one HTML file with everything in it, plots as inline SVG by matplotlib (the extra `report`)."""
