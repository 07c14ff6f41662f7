import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Connections that speak HTTP/1.1: their pipeline, and the loop that serves their requests one after the other.
struct HTTP1Connections: ConnectionSetup {
    let exchanges: HTTPExchanges
    let configuration: APIConfiguration
    let logger: Logger
    var isSecure = false

    func setUp(_ channel: any Channel, _ open: OpenConnections) throws {
        let pipeline = channel.pipeline.syncOperations
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.maxHeaderBytes
        limits.maxHeaderListSize = configuration.maxHeaderBytes
        limits.maxHeaderFieldCount = configuration.maxHeaderCount
        // Pipelining is left to NIOAsyncChannel and errors to the guard; header fields are valid by their type.
        try pipeline.configureHTTPServerPipeline(
            withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false,
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try pipeline.addHandlers([
            HTTP1Codec(isSecure: isSecure), ConnectionGuard(configuration, isHTTP2: false),
            HTTPConnectionStateHandler(idleTimeout: configuration.idleTimeout, logger: logger),
        ])
        let connection = try HTTPChannel(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        open.serve(on: channel.eventLoop) { [exchanges, logger] in await Self.serve(connection, exchanges, logger) }
    }

    private static func serve(_ connection: HTTPChannel, _ exchanges: HTTPExchanges, _ logger: Logger) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var parts = inbound.makeAsyncIterator()
                do {
                    while let exchange = try await exchanges.next(
                        &parts, outbound, on: connection.channel, isHTTP2: false)
                    {
                        try await exchange.finish()
                        if exchange.isLast { break }
                    }
                } catch where error is HTTPParserError || error is InvalidHost {
                    // The error follows a request whose response was sent meanwhile; the guard leaves it to this loop.
                    try await outbound.write(
                        .head(.init(status: .badRequest, headerFields: [.connection: "close", .contentLength: "0"])))
                    try await outbound.write(.end(nil))
                }
                outbound.finish()
                try await connection.channel.closeFuture.get()
            }
        } catch {
            logger.trace("a connection broke off", metadata: ["error": "\(error)"])
        }
    }
}
