"""The page, one file a tab: widgets and wiring only; what they show is computed by `carpark`."""
