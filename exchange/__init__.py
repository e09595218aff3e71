"""What passes between a node and the hub, and the roof over both."""
