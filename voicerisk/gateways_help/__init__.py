"""What an engineer pastes into a switch so that its calls come here, made from the running configuration."""
