extension PressroomRequestContext: StreamRequestContext {}
