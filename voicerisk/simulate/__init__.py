"""The other side of the wire: plays an audio file to a server as a real gateway would."""
