"""Reports to the user: events, logging, the progress line, the tracker."""
