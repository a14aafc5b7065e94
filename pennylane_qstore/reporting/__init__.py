"""What a user is told: events, logging, progress, the tracker."""
