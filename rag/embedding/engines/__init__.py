"""Engines compute a transformer's forward pass: OpenVINO on a processor, torch on a graphics card or in its place."""
