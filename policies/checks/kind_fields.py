"""The fields of each kind that the pack admits, in the notation of ``fields``; ``~`` marks a kind without a namespace.

What is left out is left out on purpose: a field that opens a door, runs something, or takes a value that no check reads.
Sources: the API's OpenAPI of Kubernetes 1.34 and the custom resource definitions of each operator's current release.
"""

from __future__ import annotations

TOP = "apiVersion kind metadata=META status*"
FRAGMENTS = {
    "META": """
        name namespace generateName labels* annotations* finalizers ownerReferences* creationTimestamp uid generation
        resourceVersion managedFields* selfLink deletionTimestamp deletionGracePeriodSeconds
    """,
    "TEMPLATE": "metadata=META spec=POD",
    "POD": """
        activeDeadlineSeconds affinity* automountServiceAccountToken containers=CONTAINER dnsConfig* dnsPolicy
        enableServiceLinks ephemeralContainers=CONTAINER hostAliases{ip hostnames} hostIPC hostNetwork hostPID hostUsers
        hostname hostnameOverride imagePullSecrets{name} initContainers=CONTAINER nodeName nodeSelector* os{name}
        overhead* preemptionPolicy priority priorityClassName readinessGates{conditionType} resourceClaims*
        resources=RESOURCES restartPolicy runtimeClassName schedulerName schedulingGates{name}
        securityContext=POD_SECURITY serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
        terminationGracePeriodSeconds tolerations{effect key operator tolerationSeconds value}
        topologySpreadConstraints* volumes=VOLUME
    """,
    "CONTAINER": """
        name image imagePullPolicy command args workingDir env=ENV
        envFrom{prefix configMapRef{name optional} secretRef{name optional}}
        ports{name containerPort hostIP hostPort protocol} resources=RESOURCES resizePolicy{resourceName restartPolicy}
        restartPolicy restartPolicyRules* securityContext=SECURITY lifecycle{postStart=HANDLER preStop=HANDLER stopSignal}
        livenessProbe=PROBE readinessProbe=PROBE startupProbe=PROBE stdin stdinOnce tty targetContainerName
        terminationMessagePath terminationMessagePolicy volumeDevices{name devicePath}
        volumeMounts{name mountPath mountPropagation readOnly recursiveReadOnly subPath subPathExpr}
    """,
    "ENV": """
        name value valueFrom{
            secretKeyRef{name key optional} configMapKeyRef{name key optional} fieldRef{apiVersion fieldPath}
            resourceFieldRef{containerName divisor resource} fileKeyRef{key optional path volumeName}
        }
    """,
    "RESOURCES": "requests* limits* claims{name request}",
    "PROBE": """
        exec{command} httpGet=HTTP tcpSocket{host port} grpc{port service} failureThreshold initialDelaySeconds
        periodSeconds successThreshold timeoutSeconds terminationGracePeriodSeconds
    """,
    "HANDLER": "exec{command} httpGet=HTTP tcpSocket{host port} sleep{seconds}",
    "HTTP": "host path port scheme httpHeaders{name value}",
    "SECURITY": """
        allowPrivilegeEscalation appArmorProfile{type localhostProfile} capabilities{add drop} privileged procMount
        readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions{level role type user}
        seccompProfile{type localhostProfile} windowsOptions*
    """,
    "POD_SECURITY": """
        appArmorProfile{type localhostProfile} fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser
        seLinuxChangePolicy seLinuxOptions{level role type user} seccompProfile{type localhostProfile}
        supplementalGroups supplementalGroupsPolicy sysctls{name value} windowsOptions*
    """,
    "ITEMS": "key mode path",
    "VOLUME": """
        name emptyDir{medium sizeLimit} persistentVolumeClaim{claimName readOnly}
        configMap{name optional defaultMode items=ITEMS} secret{secretName optional defaultMode items=ITEMS}
        projected{defaultMode sources{
            configMap{name optional items=ITEMS} secret{name optional items=ITEMS}
            serviceAccountToken{audience expirationSeconds path} downwardAPI{items*}
            clusterTrustBundle{labelSelector* name optional path signerName}
            podCertificate{certificateChainPath credentialBundlePath keyPath keyType maxExpirationSeconds signerName}
        }}
        downwardAPI{defaultMode items*} csi{driver fsType nodePublishSecretRef{name} readOnly volumeAttributes*}
        ephemeral{volumeClaimTemplate{metadata=META spec=CLAIM}} image{reference pullPolicy}
    """,
    "CLAIM": """
        accessModes dataSource{apiGroup kind name} dataSourceRef{apiGroup kind name} resources=RESOURCES selector*
        storageClassName volumeAttributesClassName volumeMode volumeName
    """,
    "JOB": """
        template=TEMPLATE replicas activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes completionMode
        completions parallelism podFailurePolicy* podReplacementPolicy successPolicy* suspend ttlSecondsAfterFinished
        manualSelector selector* managedBy
    """,
    "LISTENER": """
        name hostname port protocol allowedRoutes{namespaces* kinds*}
        tls{mode certificateRefs{group kind name namespace} options*}
    """,
    "PARENT": "group kind namespace name sectionName port",
    "RULES": "apiGroups resources resourceNames verbs nonResourceURLs",
    "SUBJECTS": "apiGroup kind name namespace",
    "SECRET_KEY": "name key",
    "S3": """
        destinationPath endpointURL endpointCA=SECRET_KEY serverName wal* data* tags* historyTags*
        s3Credentials{
            accessKeyId=SECRET_KEY secretAccessKey=SECRET_KEY sessionToken=SECRET_KEY region=SECRET_KEY
            inheritFromIAMRole
        }
        azureCredentials{
            connectionString=SECRET_KEY storageAccount=SECRET_KEY storageKey=SECRET_KEY storageSasToken=SECRET_KEY
            inheritFromAzureAD useDefaultAzureCredentials
        }
        googleCredentials{applicationCredentials=SECRET_KEY gkeEnvironment}
    """,
}

PODS = {
    "Pod": "spec=POD",
    "PodTemplate": "template=TEMPLATE",
    "apps/Deployment extensions/Deployment": """
        spec{replicas selector* template=TEMPLATE strategy* minReadySeconds paused progressDeadlineSeconds
             revisionHistoryLimit}
    """,
    "apps/StatefulSet": """
        spec{replicas selector* template=TEMPLATE serviceName minReadySeconds ordinals{start} podManagementPolicy
             persistentVolumeClaimRetentionPolicy{whenDeleted whenScaled} revisionHistoryLimit updateStrategy*
             volumeClaimTemplates{apiVersion kind metadata=META spec=CLAIM status*}}
    """,
    "apps/DaemonSet": "spec{replicas selector* template=TEMPLATE minReadySeconds revisionHistoryLimit updateStrategy*}",
    "apps/ReplicaSet ReplicationController": "spec{replicas selector* template=TEMPLATE minReadySeconds}",
    "batch/Job": "spec=JOB",
    "batch/CronJob": """
        spec{schedule timeZone concurrencyPolicy startingDeadlineSeconds suspend failedJobsHistoryLimit
             successfulJobsHistoryLimit jobTemplate{metadata=META spec=JOB}}
    """,
    "postgresql.cnpg.io/Cluster": """
        spec{
            description instances imageName imageCatalogRef* imagePullPolicy imagePullSecrets{name} postgresUID
            postgresGID storage* walStorage* tablespaces* resources=RESOURCES affinity* topologySpreadConstraints*
            priorityClassName schedulerName primaryUpdateStrategy primaryUpdateMethod startDelay stopDelay
            smartShutdownTimeout switchoverDelay failoverDelay livenessProbeTimeout enablePDB enableSuperuserAccess
            superuserSecret{name} seccompProfile{type(RuntimeDefault|Localhost) localhostProfile} inheritedMetadata*
            minSyncReplicas maxSyncReplicas logLevel nodeMaintenanceWindow* probes* ephemeralVolumesSizeLimit*
            serviceAccountTemplate{metadata=META} replica* replicationSlots*
            certificates{clientCASecret replicationTLSSecret serverCASecret serverTLSSecret serverAltDNSNames}
            monitoring{enablePodMonitor disableDefaultQueries tls{enabled} customQueriesConfigMap=SECRET_KEY
                customQueriesSecret=SECRET_KEY}
            bootstrap{
                initdb{database owner secret{name} encoding locale localeCollate localeCType localeProvider icuLocale
                    icuRules builtinLocale walSegmentSize dataChecksums options postInitSQL postInitApplicationSQL
                    postInitTemplateSQL import*}
                recovery{backup{name} source database owner secret{name} volumeSnapshots* recoveryTarget*}
                pg_basebackup{source database owner secret{name}}
            }
            externalClusters{name connectionParameters* password=SECRET_KEY sslCert=SECRET_KEY sslKey=SECRET_KEY
                sslRootCert=SECRET_KEY plugin* barmanObjectStore=S3}
            backup{barmanObjectStore=S3 retentionPolicy target volumeSnapshot*}
            plugins{name enabled isWALArchiver parameters*}
            postgresql{parameters* shared_preload_libraries synchronous* enableAlterSystem promotionTimeout}
            managed{roles{name ensure comment login superuser(false) createdb createrole inherit replication bypassrls
                connectionLimit validUntil inRoles passwordSecret{name} disablePassword}}
        }
    """,
    "minio.min.io/Tenant": """
        spec{
            image imagePullPolicy imagePullSecret{name} configuration{name} mountPath subPath requestAutoCert
            podManagementPolicy priorityClassName serviceAccountName env=ENV logging* liveness* readiness* startup*
            features{bucketDNS enableSFTP(false) domains*} exposeServices{console(false) minio(false)}
            externalCaCertSecret{name type} externalCertSecret{name type} externalClientCertSecret{name type}
            certConfig* prometheusOperator buckets{name region objectLock} users{name} serviceMetadata*
            pools{name servers volumesPerServer volumeClaimTemplate{apiVersion kind metadata=META spec=CLAIM status*}
                resources=RESOURCES affinity* nodeSelector* tolerations* topologySpreadConstraints* labels* annotations*
                securityContext=POD_SECURITY containerSecurityContext=SECURITY runtimeClassName reclaimStorage}
        }
    """,
    "acid.zalan.do/postgresql": """
        spec{
            teamId numberOfInstances postgresql{version parameters*} databases* preparedDatabases* users*
            volume{size storageClass iops throughput subPath} resources=RESOURCES patroni* nodeAffinity* tolerations*
            podAnnotations* podPriorityClassName dockerImage spiloRunAsUser spiloRunAsGroup spiloFSGroup
            spiloPrivileged(false) spiloAllowPrivilegeEscalation(false) restrictedPsaEnabled(true)
            enableMasterLoadBalancer(false) enableReplicaLoadBalancer(false) enableMasterPoolerLoadBalancer(false)
            enableReplicaPoolerLoadBalancer(false) enableConnectionPooler(false) enableReplicaConnectionPooler(false)
            enableShmVolume enableLogicalBackup(false) maintenanceWindows schedulerName
            tls{secretName caSecretName caFile certificateFile privateKeyFile}
        }
    """,
    "middleware.alauda.io/Redis": """
        spec{
            arch version replicas* resources=RESOURCES persistent* persistentSize expose{type(ClusterIP)} passwordSecret
            customConfig* enableTLS pause affinity* affinityPolicy nodeSelector* tolerations* podAnnotations* exporter*
            securityContext=POD_SECURITY
        }
    """,
}

TRAFFIC = {
    "Service": """
        spec{type clusterIP clusterIPs selector* ports{name port targetPort nodePort protocol appProtocol}
             publishNotReadyAddresses sessionAffinity sessionAffinityConfig* externalName externalIPs
             externalTrafficPolicy internalTrafficPolicy trafficDistribution ipFamilies ipFamilyPolicy
             loadBalancerClass loadBalancerIP loadBalancerSourceRanges allocateLoadBalancerNodePorts
             healthCheckNodePort}
    """,
    "networking.k8s.io/Ingress extensions/Ingress": """
        spec{ingressClassName defaultBackend* backend* tls{hosts secretName}
             rules{host http{paths{path pathType
                backend{service{name port{name number}} serviceName servicePort}}}}}
    """,
    "gateway.networking.k8s.io/Gateway": """
        spec{gatewayClassName addresses{type value} infrastructure{annotations* labels*} listeners=LISTENER}
    """,
    "gateway.networking.k8s.io/ListenerSet gateway.networking.x-k8s.io/XListenerSet": """
        spec{parentRef=PARENT listeners=LISTENER}
    """,
    "gateway.networking.k8s.io/HTTPRoute gateway.networking.k8s.io/GRPCRoute": """
        spec{
            hostnames parentRefs=PARENT
            rules{
                name matches* timeouts* retry* sessionPersistence*
                filters{type(RequestRedirect|RequestHeaderModifier|ResponseHeaderModifier|URLRewrite)
                    requestRedirect* requestHeaderModifier* responseHeaderModifier* urlRewrite*}
                backendRefs{group kind name namespace port weight}
            }
        }
    """,
}

CONFIGURATION = {
    "ConfigMap": "data* binaryData* immutable",
    "~Namespace": "spec{finalizers}",
    "ServiceAccount": "automountServiceAccountToken imagePullSecrets{name} secrets{name}",
    "PersistentVolumeClaim": "spec=CLAIM",
    "ResourceQuota LimitRange": "spec*",
    "networking.k8s.io/NetworkPolicy": "spec{podSelector* policyTypes ingress* egress*}",
    "policy/PodDisruptionBudget": "spec{selector* minAvailable maxUnavailable unhealthyPodEvictionPolicy}",
    "autoscaling/HorizontalPodAutoscaler": """
        spec{scaleTargetRef{apiVersion kind name} minReplicas maxReplicas metrics* behavior*
             targetCPUUtilizationPercentage}
    """,
    "autoscaling.k8s.io/VerticalPodAutoscaler": "spec{targetRef{apiVersion kind name} updatePolicy* resourcePolicy*}",
    "~scheduling.k8s.io/PriorityClass": "value globalDefault description preemptionPolicy",
    "~storage.k8s.io/StorageClass": """
        provisioner parameters* reclaimPolicy volumeBindingMode allowVolumeExpansion mountOptions allowedTopologies*
    """,
    "~storage.k8s.io/VolumeAttributesClass": "driverName parameters*",
    "~networking.k8s.io/IngressClass": "spec{controller parameters*}",
    "~gateway.networking.k8s.io/GatewayClass": "spec{controllerName description parametersRef*}",
    "snapshot.storage.k8s.io/VolumeSnapshot": "spec{source* volumeSnapshotClassName}",
    "~snapshot.storage.k8s.io/VolumeSnapshotClass": "driver deletionPolicy parameters*",
    "~admissionregistration.k8s.io/ValidatingAdmissionPolicy": "spec*",
    "~admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding": "spec*",
    "~apiextensions.k8s.io/CustomResourceDefinition": """
        spec{group names* scope versions* preserveUnknownFields conversion{strategy(None)}}
    """,
    "cilium.io/CiliumNetworkPolicy ~cilium.io/CiliumClusterwideNetworkPolicy": "spec* specs*",
    "postgresql.cnpg.io/ScheduledBackup": """
        spec{cluster{name} schedule suspend immediate backupOwnerReference target method online onlineConfiguration*
             pluginConfiguration{name parameters*}}
    """,
    "postgresql.cnpg.io/Backup": """
        spec{cluster{name} target method online onlineConfiguration* pluginConfiguration{name parameters*}}
    """,
    "postgresql.cnpg.io/ImageCatalog ~postgresql.cnpg.io/ClusterImageCatalog": "spec{images{major image}}",
    "postgresql.cnpg.io/Database": "spec*",
    "barmancloud.cnpg.io/ObjectStore": """
        spec{retentionPolicy configuration=S3
             instanceSidecarConfiguration{resources=RESOURCES env=ENV retentionPolicyIntervalSeconds logLevel
                additionalContainerArgs}}
    """,
    "cert-manager.io/Certificate": """
        spec{secretName issuerRef{name kind group} commonName dnsNames duration renewBefore renewBeforePercentage
             privateKey* usages subject* isCA revisionHistoryLimit secretTemplate{annotations* labels*}
             encodeUsagesInRequest signatureAlgorithm ipAddresses uris emailAddresses}
    """,
    "cert-manager.io/Issuer ~cert-manager.io/ClusterIssuer": "spec{acme* ca* vault* selfSigned* venafi*}",
    "external-secrets.io/ExternalSecret": "spec=EXTERNAL_SECRET",
    "~external-secrets.io/ClusterExternalSecret": """
        spec{externalSecretSpec=EXTERNAL_SECRET externalSecretName externalSecretMetadata=META namespaceSelector*
             namespaceSelectors* namespaces refreshTime}
    """,
    "external-secrets.io/SecretStore ~external-secrets.io/ClusterSecretStore": """
        spec{controller refreshInterval retrySettings* conditions*
             provider{aws* azurekv* gcpsm* vault* kubernetes* oracle* ibm* akeyless* gitlab* onepassword* doppler*
                bitwardensecretsmanager* infisical* conjur* secretserver* keepersecurity* scaleway* yandexlockbox*
                alibaba* barbican* beyondtrust* delinea* device42* fortanix* passbolt* passworddepot* previder*
                pulumi* senhasegura* chef* onboardbase* cloudrusm*}}
    """,
    "secrets-store.csi.x-k8s.io/SecretProviderClass": "spec{provider parameters* secretObjects*}",
    "networking.gke.io/ManagedCertificate": "spec{domains}",
    "networking.gke.io/FrontendConfig": """
        spec{sslPolicy redirectToHttps{enabled(true) responseCodeName}}
    """,
    "cloud.google.com/BackendConfig": """
        spec{timeoutSec connectionDraining* healthCheck* logging* sessionAffinity* securityPolicy* cdn*}
    """,
    "monitoring.coreos.com/ServiceMonitor monitoring.coreos.com/PodMonitor": """
        spec{
            selector* namespaceSelector* jobLabel targetLabels podTargetLabels attachMetadata* sampleLimit
            endpoints=SCRAPE podMetricsEndpoints=SCRAPE
        }
    """,
    "monitoring.coreos.com/PrometheusRule": "spec{groups*}",
}
FRAGMENTS["SCRAPE"] = """
    port targetPort portNumber path scheme interval scrapeTimeout honorLabels honorTimestamps params* relabelings*
    metricRelabelings* followRedirects enableHttp2 tlsConfig* basicAuth{username=SECRET_KEY password=SECRET_KEY}
    bearerTokenSecret=SECRET_KEY authorization{type credentials=SECRET_KEY} filterRunning
"""
FRAGMENTS["EXTERNAL_SECRET"] = """
    refreshInterval refreshPolicy secretStoreRef{name kind}
    target{name creationPolicy deletionPolicy immutable
        template{type engineVersion mergePolicy metadata=META data* templateFrom*}}
    data{secretKey remoteRef{key property version conversionStrategy decodingStrategy metadataPolicy} sourceRef*}
    dataFrom*
"""

SECRETS = {
    "Secret": "data* stringData* type immutable",
    "bitnami.com/SealedSecret": "spec{encryptedData* template{metadata=META type immutable data*}}",
}

RIGHTS = {
    "rbac.authorization.k8s.io/Role ~rbac.authorization.k8s.io/ClusterRole": "rules=RULES aggregationRule*",
    "rbac.authorization.k8s.io/RoleBinding ~rbac.authorization.k8s.io/ClusterRoleBinding": """
        roleRef{apiGroup kind name} subjects=SUBJECTS
    """,
}
