"""The risk engine: event -> gauge -> zone -> rule -> alert -> procedure. Pure; time is an argument."""
